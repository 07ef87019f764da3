import type { INodeProperties } from 'n8n-workflow';

/** The operation that runs an action which a plugin added to the server. */
export const PLUGIN_ACTION = 'plugin_action';

const show = { resource: ['plugin'], operation: [PLUGIN_ACTION] };

export const pluginFields: INodeProperties[] = [
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['plugin'] } },
		options: [
			{
				name: 'Run Action',
				value: 'plugin_action',
				action: 'Run an action of a plugin',
				description: 'Run an action that a plugin of your server adds',
			},
		],
		default: 'plugin_action',
	},
	{
		displayName: 'Action Name or ID',
		name: 'action',
		type: 'options',
		typeOptions: { loadOptionsMethod: 'getPluginActions' },
		displayOptions: { show },
		required: true,
		default: '',
		description:
			'Choose from the list, or specify an ID using an <a href="https://docs.n8n.io/code/expressions/">expression</a>',
	},
	{
		displayName: 'Body',
		name: 'body',
		type: 'json',
		displayOptions: { show },
		default: '{}',
		description: 'What the action takes, as its input_schema describes it',
	},
];
