import type {
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestMethods,
	ILoadOptionsFunctions,
	INodeListSearchResult,
	INodePropertyOptions,
	IWebhookFunctions,
	JsonObject,
} from 'n8n-workflow';
import { NodeApiError, sleep } from 'n8n-workflow';

export type Context = IExecuteFunctions | IHookFunctions | ILoadOptionsFunctions | IWebhookFunctions;

export interface Asked {
	qs?: IDataObject;
	body?: IDataObject;
	headers?: IDataObject;
	itemIndex?: number;
}

interface Answer {
	statusCode: number;
	headers: IDataObject;
	body: unknown;
}

const CREDENTIALS = 'copyhoundApi';
const TRIES = 4;
const LONGEST_WAIT = 30;
const PAGES = 20;
const NO_SERVER = 'This address is no Copyhound server.';

/** The JSON that the server answers. Waits where it asks for that; a problem becomes a NodeApiError in its words. */
export async function ask(
	context: Context,
	method: IHttpRequestMethods,
	path: string,
	asked: Asked = {},
): Promise<IDataObject> {
	for (let attempt = 1; ; attempt++) {
		const answer = await once(context, method, path, asked);
		if (answer.statusCode < 300 && typeof (answer.body || {}) === 'object') return (answer.body || {}) as IDataObject;
		const wait = Number(answer.headers['retry-after'] ?? Number.NaN);
		if (![429, 503].includes(answer.statusCode) || !(wait <= LONGEST_WAIT) || attempt === TRIES) {
			throw problem(context, answer, asked.itemIndex);
		}
		await sleep(wait * 1000);
	}
}

async function once(
	context: Context,
	method: IHttpRequestMethods,
	path: string,
	{ qs, body, headers }: Asked,
): Promise<Answer> {
	const credentials = await context.getCredentials(CREDENTIALS);
	return (await context.helpers.httpRequestWithAuthentication.call(context, CREDENTIALS, {
		method,
		baseURL: address(String(credentials.baseUrl)),
		url: path,
		qs,
		body,
		headers,
		json: true,
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
	})) as Answer;
}

/** https://copyhound.example.org, also where a page of it was copied: /docs/n8n. The credentials' test has the same. */
function address(typed: string): string {
	const page = typed
		.trim()
		.replace(/[?#].*$/, '')
		.replace(/\/+$/, '');
	return page.replace(/([^/:])\/+(?:docs|api\/v1)(?:\/.*)?$/, '$1');
}

function problem(context: Context, { statusCode, body }: Answer, itemIndex?: number): NodeApiError {
	const told = (typeof body === 'object' && body !== null ? body : {}) as JsonObject;
	// Copyhound answers in JSON, and tells a code with all that it refuses
	const foreign = statusCode < 300 || (statusCode === 404 && !told.code);
	return new NodeApiError(context.getNode(), foreign ? {} : told, {
		message: foreign ? NO_SERVER : String(told.detail ?? `The server answered ${statusCode}`),
		description: told.hint ? String(told.hint) : undefined,
		httpCode: String(statusCode),
		itemIndex,
	});
}

/** One page of the choices at an address, for a field that is searched as one types. */
export async function searchChoices(
	context: ILoadOptionsFunctions,
	path: string,
	filter?: string,
	cursor?: string,
): Promise<INodeListSearchResult> {
	const page = await ask(context, 'GET', path, { qs: pageQuery(path, filter, cursor) });
	return { results: matching(options(page), filter), paginationToken: (page.cursor as string | null) ?? undefined };
}

/** All choices at an address, up to some thousands. */
export async function allChoices(context: ILoadOptionsFunctions, path: string): Promise<INodePropertyOptions[]> {
	const found: INodePropertyOptions[] = [];
	let cursor: string | undefined;
	for (let page = 0; page < PAGES; page++) {
		const { results, paginationToken } = await searchChoices(context, path, undefined, cursor);
		found.push(...results);
		cursor = paginationToken;
		if (!cursor) break;
	}
	return found;
}

function pageQuery(path: string, filter?: string, cursor?: string): IDataObject {
	const searched = path.includes('/choices/') && filter ? { q: filter } : {};
	return { ...searched, ...(cursor ? { cursor } : {}) };
}

function options(page: IDataObject): INodePropertyOptions[] {
	return (page.items as IDataObject[]).map((item) => {
		const value = String(item.id ?? item.key ?? item.name);
		const description = typeof item.description === 'string' ? { description: item.description } : {};
		return { name: String(item.title ?? item.label ?? item.name ?? value), value, ...description };
	});
}

function matching(found: INodePropertyOptions[], filter = ''): INodePropertyOptions[] {
	const words = filter.toLowerCase();
	return found.filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(words));
}
