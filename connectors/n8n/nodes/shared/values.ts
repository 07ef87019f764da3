import type { IDataObject } from 'n8n-workflow';
import { jsonParse } from 'n8n-workflow';

/** How a field is asked for in n8n, and so how what was entered is read. */
export type Kind = 'value' | 'locator' | 'list' | 'group' | 'groups' | 'json';

export interface Field {
	name: string;
	kind: Kind;
}

/** What was entered, as the server takes it; undefined where nothing was. */
export function read(kind: Kind, entered: unknown): unknown {
	switch (kind) {
		case 'locator':
			return given(isObject(entered) ? entered.value : entered);
		case 'list':
			return listed(entered);
		case 'group':
			return isObject(entered) && Object.keys(entered).length ? filled(entered) : undefined;
		case 'groups':
			return isObject(entered) ? ((entered.values ?? []) as IDataObject[]).map(filled) : undefined;
		case 'json':
			return typeof entered === 'string' && entered.trim() ? parsed(entered) : given(entered);
		default:
			return given(entered);
	}
}

/** An object without what was left empty. */
export function filled(from: IDataObject): IDataObject {
	return Object.fromEntries(Object.entries(from).filter(([, value]) => given(value) !== undefined)) as IDataObject;
}

function parsed(text: string): unknown {
	return jsonParse(text, { errorMessage: `This is not JSON: ${text.slice(0, 100)}` });
}

function listed(entered: unknown): unknown {
	const parts = typeof entered === 'string' ? entered.split(',') : Array.isArray(entered) ? entered : [];
	const found = parts.map((one) => (typeof one === 'string' ? one.trim() : one)).filter((one) => one !== '');
	return found.length ? found : undefined;
}

function given(value: unknown): unknown {
	return value === '' || value === null ? undefined : value;
}

function isObject(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
