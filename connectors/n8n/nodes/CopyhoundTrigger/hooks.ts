import type { IDataObject, IHookFunctions, IWebhookFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { ask } from '../shared/api';
import { read } from '../shared/values';
import { FILTER_FIELDS } from './catalogue';

const HOOKS = '/api/v1/hooks';
const SECOND = 1000;
const BETWEEN_READS = 60 * SECOND;

export interface Hook {
	id: string;
	status: string;
	triggers: string[];
	filter: IDataObject;
	description: string | null;
	secret?: string;
}

/** What the node keeps of its hook. n8n saves it with the workflow. */
interface Kept extends IDataObject {
	hookId?: string;
	url?: string;
	secret?: string;
	readAt?: number;
	seen?: string[];
}

/** The address that n8n listens at for this node: one while testing, another when the workflow is active. */
export function addressOf(context: IHookFunctions | IWebhookFunctions): string {
	return context.getNodeWebhookUrl('default') as string;
}

/** What the node's settings ask for, as the server takes it. */
export function wanted(context: IHookFunctions): IDataObject {
	const options = context.getNodeParameter('options', {}) as IDataObject;
	const chosen = [
		...(context.getNodeParameter('triggers', []) as string[]),
		...((options.pluginTriggers ?? []) as string[]),
	];
	if (!chosen.length) throw new NodeOperationError(context.getNode(), 'Choose at least one trigger');
	const entered = context.getNodeParameter('filter', {}) as IDataObject;
	const filter: IDataObject = {};
	for (const { name, kind } of FILTER_FIELDS) {
		const value = name in entered ? read(kind, entered[name]) : undefined;
		if (value !== undefined) filter[name] = value as IDataObject;
	}
	const workflow = context.getWorkflow();
	return { triggers: [...new Set(chosen)].sort(), filter, description: `n8n: ${workflow.name ?? workflow.id}`.slice(0, 500) };
}

/** The hooks of this node's address, newest first. */
export async function hooksOf(context: IHookFunctions | IWebhookFunctions): Promise<Hook[]> {
	const page = await ask(context, 'GET', HOOKS, { qs: { target_url: addressOf(context) } });
	return page.items as unknown as Hook[];
}

export async function subscribe(context: IHookFunctions): Promise<void> {
	const made = await ask(context, 'POST', HOOKS, { body: { target_url: addressOf(context), ...wanted(context) } });
	keep(context, made as unknown as Hook);
}

export async function unsubscribe(context: IHookFunctions, id: string): Promise<void> {
	await ask(context, 'DELETE', `${HOOKS}/${id}`);
}

/** Make a hook that is there what the node's settings say, and wake it where it was disabled: same id, same secret. */
export async function adopt(context: IHookFunctions, hook: Hook): Promise<void> {
	const { triggers, filter, description } = wanted(context);
	if (differs(hook.triggers, triggers) || differs(hook.filter, filter) || hook.description !== description) {
		await ask(context, 'PATCH', `${HOOKS}/${hook.id}`, { body: { triggers, filter, description } });
	}
	if (hook.status !== 'active') await ask(context, 'POST', `${HOOKS}/${hook.id}/enable`);
	keep(context, { ...hook, secret: await secretOf(context, hook.id) });
}

/** The secret of this node's hook as it was last read; asked for anew with `fresh`, at most once a minute. */
export async function currentSecret(context: IWebhookFunctions, fresh: boolean): Promise<string> {
	const kept = keptBy(context);
	if (kept.secret && kept.url === addressOf(context) && !fresh) return kept.secret;
	if (kept.readAt && Date.now() - kept.readAt < BETWEEN_READS) return '';
	kept.readAt = Date.now();
	const [hook] = await hooksOf(context);
	if (!hook) return '';
	const secret = await secretOf(context, hook.id);
	keep(context, { ...hook, secret });
	return secret;
}

/** Whether a delivery of this id was seen before; remembers the last hundred. */
export function seenBefore(context: IWebhookFunctions, id: string): boolean {
	const kept = keptBy(context);
	const seen = kept.seen ?? [];
	kept.seen = [...seen.filter((one) => one !== id), id].slice(-100);
	return seen.includes(id);
}

export function forget(context: IHookFunctions): void {
	const kept = keptBy(context);
	for (const name of Object.keys(kept)) delete kept[name];
}

function keep(context: IHookFunctions | IWebhookFunctions, hook: Hook): void {
	Object.assign(keptBy(context), { hookId: hook.id, url: addressOf(context), secret: hook.secret });
}

function keptBy(context: IHookFunctions | IWebhookFunctions): Kept {
	return context.getWorkflowStaticData('node') as Kept;
}

async function secretOf(context: IHookFunctions | IWebhookFunctions, id: string): Promise<string> {
	return (await ask(context, 'GET', `${HOOKS}/${id}/secret`)).secret as string;
}

function differs(one: unknown, other: unknown): boolean {
	return sorted(one) !== sorted(other);
}

function sorted(value: unknown): string {
	return JSON.stringify(value, (_, part) =>
		part && typeof part === 'object' && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part,
	);
}
