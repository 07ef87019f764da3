import type {
	IDataObject,
	IExecuteFunctions,
	ILoadOptionsFunctions,
	INodeExecutionData,
	INodePropertyOptions,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeApiError, NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';

import { allChoices, ask } from '../shared/api';
import { loaders, searchers } from '../shared/choices';
import { bodyOf, idempotencyKey } from './body';
import { ACTIONS, CHOICES, actionFields, operations, resources } from './catalogue';
import { PLUGIN_ACTION, pluginFields } from './plugins';

export class Copyhound implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Copyhound',
		name: 'copyhound',
		icon: { light: 'file:../../icons/copyhound.svg', dark: 'file:../../icons/copyhound.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["operation"] }}',
		description: 'Find where your pictures are used: search, keep lists, decide on matches',
		defaults: { name: 'Copyhound' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'copyhoundApi', required: true }],
		properties: [resources, ...operations, ...actionFields, ...pluginFields],
	};

	methods = {
		loadOptions: { ...loaders(CHOICES), getPluginActions },
		listSearch: searchers(CHOICES),
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const found: INodeExecutionData[] = [];
		for (let item = 0; item < this.getInputData().length; item++) {
			try {
				found.push({ json: await run(this, item), pairedItem: { item } });
			} catch (error) {
				if (!this.continueOnFail()) throw told(this, error as Error, item);
				found.push({ json: { error: (error as Error).message }, pairedItem: { item } });
			}
		}
		return [found];
	}
}

/** Errors as n8n shows them; those that are so already stay as they are. */
function told(context: IExecuteFunctions, error: Error, itemIndex: number): NodeApiError | NodeOperationError {
	if (error instanceof NodeApiError) return error;
	return new NodeOperationError(context.getNode(), error, { itemIndex });
}

async function run(context: IExecuteFunctions, itemIndex: number): Promise<IDataObject> {
	const operation = context.getNodeParameter('operation', itemIndex) as string;
	const plugin = operation === PLUGIN_ACTION;
	const key = plugin ? (context.getNodeParameter('action', itemIndex) as string) : operation;
	const fields = plugin ? undefined : ACTIONS[operation];
	if (!plugin && !fields) {
		throw new NodeOperationError(context.getNode(), `There is no operation ${operation}`, { itemIndex });
	}
	const body = await bodyOf(context, itemIndex, fields);
	const headers = { 'Idempotency-Key': idempotencyKey(context, itemIndex, key, body) };
	return await ask(context, 'POST', `/api/v1/actions/${encodeURIComponent(key)}`, { body, headers, itemIndex });
}

async function getPluginActions(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return (await allChoices(this, '/api/v1/actions')).filter(({ value }) => !(String(value) in ACTIONS));
}
