// Rendered from the catalogue by `make connectors`, never by hand.

import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import type { Field } from '../shared/values';

export const triggerOptions: INodePropertyOptions[] = [
	{
		name: 'Credits Low',
		value: 'credits_low',
		description: "Triggers when a quarter of the workspace's credits is left; once, until further ones are granted",
	},
	{
		name: 'Hook Disabled',
		value: 'hook_disabled',
		description: 'Triggers when a hook is disabled: its receiver fails or wants no more, or its lists are gone',
	},
	{
		name: 'Match Removed',
		value: 'match_removed',
		description: 'Triggers when a copy is gone from its address, or another picture stands there',
	},
	{
		name: 'Match Returned',
		value: 'match_returned',
		description: 'Triggers when a copy that was removed is at its address again',
	},
	{
		name: 'New Domain Found',
		value: 'new_domain_found',
		description: 'Triggers when a copy is found on a domain that is new to the list',
	},
	{
		name: 'New Match Found',
		value: 'match_found',
		description: 'Triggers when a copy of one of your images is found at an address where none was known',
	},
	{
		name: 'Provider Failing',
		value: 'provider_failing',
		description: 'Triggers when lookups of a provider fail again and again; once, until it has been well again',
	},
	{
		name: 'Search Complete',
		value: 'search_complete',
		description: 'Triggers when every image of a search has its outcome from every provider',
	},
];

export const filterFields: INodeProperties[] = [
	{
		displayName: 'Domains',
		name: 'domains',
		type: 'string',
		typeOptions: {
			multipleValues: true,
		},
		default: [],
		description: 'Only copies on these registrable domains, such as example.com',
	},
	{
		displayName: 'List Names or IDs',
		name: 'list_ids',
		type: 'multiOptions',
		typeOptions: {
			loadOptionsMethod: 'getLists',
		},
		default: [],
		description: 'Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>',
	},
	{
		displayName: 'Match Types',
		name: 'match_types',
		type: 'multiOptions',
		options: [
			{
				name: 'Full',
				value: 'full',
			},
			{
				name: 'Partial',
				value: 'partial',
			},
		],
		default: [],
		description: 'Only matches of these types',
	},
	{
		displayName: 'Min Confidence',
		name: 'min_confidence',
		type: 'number',
		typeOptions: {
			minValue: 0,
			maxValue: 100,
		},
		default: 0,
		description: 'Only matches as sure as this',
	},
	{
		displayName: 'Min Score',
		name: 'min_score',
		type: 'number',
		typeOptions: {
			minValue: 0,
			maxValue: 100,
		},
		default: 0,
		description: 'Only copies that were changed as little as this',
	},
	{
		displayName: 'Provider Names or IDs',
		name: 'providers',
		type: 'multiOptions',
		typeOptions: {
			loadOptionsMethod: 'getProviders',
		},
		default: [],
		description: 'Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>',
	},
];

export const FILTER_FIELDS: Field[] = [
	{
		name: 'list_ids',
		kind: 'list',
	},
	{
		name: 'min_confidence',
		kind: 'value',
	},
	{
		name: 'min_score',
		kind: 'value',
	},
	{
		name: 'match_types',
		kind: 'list',
	},
	{
		name: 'domains',
		kind: 'list',
	},
	{
		name: 'providers',
		kind: 'list',
	},
];

export const CHOICES: Record<string, string> = {
	Lists: '/api/v1/choices/lists',
	Providers: '/api/v1/choices/providers',
};
