import type {
	IDataObject,
	IHookFunctions,
	ILoadOptionsFunctions,
	INodePropertyOptions,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { allChoices } from '../shared/api';
import { loaders } from '../shared/choices';
import { CHOICES, filterFields, triggerOptions } from './catalogue';
import { adopt, currentSecret, forget, hooksOf, seenBefore, subscribe, unsubscribe } from './hooks';
import { isSigned } from './signature';

export class CopyhoundTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Copyhound Trigger',
		name: 'copyhoundTrigger',
		icon: { light: 'file:../../icons/copyhound.svg', dark: 'file:../../icons/copyhound.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ $parameter["triggers"].join(", ") }}',
		description: 'Starts the workflow when Copyhound finds a copy of a picture, and at its other events',
		defaults: { name: 'Copyhound Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'copyhoundApi', required: true }],
		webhooks: [{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'webhook' }],
		properties: [
			{
				displayName: 'Trigger On',
				name: 'triggers',
				type: 'multiOptions',
				options: triggerOptions,
				default: ['match_found'],
			},
			{
				displayName: 'Filter',
				name: 'filter',
				type: 'collection',
				placeholder: 'Add Condition',
				default: {},
				description: 'What is left out lets all events through; all that is given must hold',
				options: filterFields,
			},
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add Option',
				default: {},
				options: [
					{
						displayName: 'Triggers of Plugins Names or IDs',
						name: 'pluginTriggers',
						type: 'multiOptions',
						typeOptions: { loadOptionsMethod: 'getPluginTriggers' },
						default: [],
						description:
							'Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>',
					},
					{
						displayName: 'Skip Repeated Deliveries',
						name: 'skipRepeated',
						type: 'boolean',
						default: false,
						description: 'Whether an event that is sent a second time, as by Resend, starts nothing',
					},
				],
			},
		],
	};

	methods = {
		loadOptions: {
			...loaders(CHOICES),
			async getPluginTriggers(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
				const known = new Set(triggerOptions.map(({ value }) => value));
				return (await allChoices(this, '/api/v1/triggers')).filter(({ value }) => !known.has(value));
			},
		},
	};

	webhookMethods = {
		default: {
			/** Exactly one hook of this address stays, and it is as the node's settings say. */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				const [hook, ...others] = await hooksOf(this);
				if (!hook) return false;
				for (const other of others) await unsubscribe(this, other.id);
				await adopt(this, hook);
				return true;
			},

			async create(this: IHookFunctions): Promise<boolean> {
				await subscribe(this);
				return true;
			},

			async delete(this: IHookFunctions): Promise<boolean> {
				try {
					for (const hook of await hooksOf(this)) await unsubscribe(this, hook.id);
				} catch (error) {
					// a workflow must be stoppable while the server is away: it disables the hook by itself
					this.logger.warn(`Copyhound could not be told to stop: ${(error as Error).message}`);
					return false;
				}
				forget(this);
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const headers = this.getHeaderData() as IDataObject;
		if (!(await isGenuine(this, headers))) {
			this.getResponseObject().status(401).json({ message: 'The signature is wrong' });
			return { noWebhookResponse: true };
		}
		const options = this.getNodeParameter('options', {}) as IDataObject;
		if (options.skipRepeated && seenBefore(this, String(headers['webhook-id']))) {
			return { webhookResponse: { repeated: true } };
		}
		return { workflowData: [this.helpers.returnJsonArray(this.getBodyData())] };
	}
}

/** Signed with the secret that is kept, or with the one that took its place since. */
async function isGenuine(context: IWebhookFunctions, headers: IDataObject): Promise<boolean> {
	const body = context.getRequestObject().rawBody;
	if (!Buffer.isBuffer(body)) return false;
	if (isSigned(await currentSecret(context, false), headers, body)) return true;
	return isSigned(await currentSecret(context, true), headers, body);
}
