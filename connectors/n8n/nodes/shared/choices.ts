import type { ILoadOptionsFunctions, INodeListSearchResult, INodePropertyOptions } from 'n8n-workflow';

import { allChoices, searchChoices } from './api';

type Load = (this: ILoadOptionsFunctions) => Promise<INodePropertyOptions[]>;
type Search = (this: ILoadOptionsFunctions, filter?: string, cursor?: string) => Promise<INodeListSearchResult>;

/** `getLists` and the like: all choices of each address, for fields that take several. */
export function loaders(addresses: Record<string, string>): Record<string, Load> {
	return Object.fromEntries(
		Object.entries(addresses).map(([name, path]) => [
			`get${name}`,
			async function (this: ILoadOptionsFunctions) {
				return await allChoices(this, path);
			},
		]),
	);
}

/** `searchLists` and the like: a page of choices, for fields that take one. */
export function searchers(addresses: Record<string, string>): Record<string, Search> {
	return Object.fromEntries(
		Object.entries(addresses).map(([name, path]) => [
			`search${name}`,
			async function (this: ILoadOptionsFunctions, filter?: string, cursor?: string) {
				return await searchChoices(this, path, filter, cursor);
			},
		]),
	);
}
