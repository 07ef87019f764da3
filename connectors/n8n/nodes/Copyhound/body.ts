import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { createHash } from 'node:crypto';

import type { Field } from '../shared/values';
import { filled, read } from '../shared/values';

/** The fields of an action: those always shown, those behind Add Field, and the one that pictures of items go to. */
export interface ActionFields {
	shown: Field[];
	added: Field[];
	pictures?: string;
}

/** What the action takes, of what was entered for an item. Without fields: the body is entered as JSON. */
export async function bodyOf(context: IExecuteFunctions, item: number, fields?: ActionFields): Promise<IDataObject> {
	if (!fields) return (read('json', context.getNodeParameter('body', item, '{}')) ?? {}) as IDataObject;
	const added = context.getNodeParameter('additionalFields', item, {}) as IDataObject;
	const body: IDataObject = {};
	for (const { name, kind } of fields.shown) put(body, name, read(kind, context.getNodeParameter(name, item, '')));
	for (const { name, kind } of fields.added) if (name in added) put(body, name, read(kind, added[name]));
	if (fields.pictures) await addPictures(context, item, body, fields.pictures);
	return body;
}

function put(body: IDataObject, name: string, value: unknown): void {
	if (value !== undefined) body[name] = value as IDataObject;
}

/** Pictures that flow through the workflow, from the binary fields that were named, after those given as addresses. */
async function addPictures(context: IExecuteFunctions, item: number, body: IDataObject, field: string): Promise<void> {
	const names = read('list', context.getNodeParameter('binaryFields', item, '')) as string[] | undefined;
	if (!names) return;
	const pictures = [...((body[field] ?? []) as IDataObject[])];
	for (const name of names) {
		const { fileName } = context.helpers.assertBinaryData(item, name);
		const bytes = await context.helpers.getBinaryDataBuffer(item, name);
		pictures.push(filled({ name: fileName, base64: bytes.toString('base64') }));
	}
	body[field] = pictures;
}

/** The same for a retry of this item, another for everything else: a search that n8n retries starts once. */
export function idempotencyKey(context: IExecuteFunctions, item: number, key: string, body: IDataObject): string {
	const run = context.getWorkflowDataProxy(item).$runIndex as number | undefined;
	const what = [context.getExecutionId(), context.getNode().id, run ?? 0, item, key, body];
	return `n8n-${createHash('sha256').update(JSON.stringify(what)).digest('hex')}`;
}
