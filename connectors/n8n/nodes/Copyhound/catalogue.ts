// Rendered from the catalogue by `make connectors`, never by hand.

import type { INodeProperties } from 'n8n-workflow';

import type { ActionFields } from './body';

export const resources: INodeProperties = {
	displayName: 'Resource',
	name: 'resource',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Export',
			value: 'export',
		},
		{
			name: 'Image',
			value: 'image',
		},
		{
			name: 'List',
			value: 'list',
		},
		{
			name: 'Match',
			value: 'match',
		},
		{
			name: 'Plugin',
			value: 'plugin',
		},
		{
			name: 'Search',
			value: 'search',
		},
	],
	default: 'search',
};

export const operations: INodeProperties[] = [
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: {
			show: {
				resource: ['search'],
			},
		},
		options: [
			{
				name: 'Find Search',
				value: 'find_search',
				action: 'Find search',
				description: 'Tells how far a search is: whether it is complete, what it found, and who did not answer, and why',
			},
			{
				name: 'Start Search',
				value: 'start_search',
				action: 'Start search',
				description: 'Looks for copies of one or more images. Answers at once; `find_search` tells how far it is, `search_complete` its end.',
			},
		],
		default: 'start_search',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: {
			show: {
				resource: ['list'],
			},
		},
		options: [
			{
				name: 'Create List',
				value: 'create_list',
				action: 'Create list',
				description: 'Makes a list of images; a monitored one is searched again by its schedule',
			},
			{
				name: 'Find List',
				value: 'find_list',
				action: 'Find list',
				description: 'Finds lists by their label',
			},
		],
		default: 'create_list',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: {
			show: {
				resource: ['image'],
			},
		},
		options: [
			{
				name: 'Add Images',
				value: 'add_images',
				action: 'Add images',
				description: 'Adds images to a list without searching them now: a monitored list does when it is due',
			},
		],
		default: 'add_images',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: {
			show: {
				resource: ['match'],
			},
		},
		options: [
			{
				name: 'Decide Match',
				value: 'decide_match',
				action: 'Decide match',
				description: "Keeps what you say of a match: infringing, allowed or not a match. Searches don't change it.",
			},
		],
		default: 'decide_match',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: {
			show: {
				resource: ['export'],
			},
		},
		options: [
			{
				name: 'Export Matches',
				value: 'export_matches',
				action: 'Export matches',
				description: 'Gives the matches of a list as rows, and the address of the whole export',
			},
		],
		default: 'export_matches',
	},
];

export const actionFields: INodeProperties[] = [
	{
		displayName: 'Images',
		name: 'images',
		type: 'fixedCollection',
		typeOptions: {
			multipleValues: true,
		},
		placeholder: 'Add Image',
		default: {},
		options: [
			{
				displayName: 'Images',
				name: 'values',
				values: [
					{
						displayName: 'Name',
						name: 'name',
						type: 'string',
						default: '',
						description: 'What it is called in lists; else what its address ends in',
					},
					{
						displayName: 'URL',
						name: 'url',
						type: 'string',
						default: '',
						description: 'Its address; it is fetched from there',
					},
				],
			},
		],
		description: 'The pictures to look for',
		displayOptions: {
			show: {
				resource: ['search'],
				operation: ['start_search'],
			},
		},
	},
	{
		displayName: 'Input Binary Fields',
		name: 'binaryFields',
		type: 'string',
		default: '',
		placeholder: 'e.g. data',
		description: 'The names of binary fields of the item that hold pictures, separated by commas',
		displayOptions: {
			show: {
				resource: ['search'],
				operation: ['start_search'],
			},
		},
	},
	{
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		displayOptions: {
			show: {
				resource: ['search'],
				operation: ['start_search'],
			},
		},
		options: [
			{
				displayName: 'List',
				name: 'list_id',
				type: 'resourceLocator',
				default: {
					mode: 'list',
					value: '',
				},
				modes: [
					{
						displayName: 'From List',
						name: 'list',
						type: 'list',
						typeOptions: {
							searchListMethod: 'searchLists',
							searchable: true,
						},
					},
					{
						displayName: 'By ID',
						name: 'id',
						type: 'string',
					},
				],
				description: 'Add the images to this list; without it, a new one is made',
			},
			{
				displayName: 'List Label',
				name: 'list_label',
				type: 'string',
				default: '',
				description: 'What the new list is called, where there is no `list_id`',
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
			{
				displayName: 'Verify',
				name: 'verify',
				type: 'boolean',
				default: true,
			},
		],
	},
	{
		displayName: 'Search',
		name: 'search_id',
		type: 'resourceLocator',
		default: {
			mode: 'list',
			value: '',
		},
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: {
					searchListMethod: 'searchSearches',
					searchable: true,
				},
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
			},
		],
		description: 'The search to look at; `start_search` answered it',
		displayOptions: {
			show: {
				resource: ['search'],
				operation: ['find_search'],
			},
		},
		required: true,
	},
	{
		displayName: 'Label',
		name: 'label',
		type: 'string',
		default: '',
		description: 'What the list is called',
		displayOptions: {
			show: {
				resource: ['list'],
				operation: ['create_list'],
			},
		},
		required: true,
	},
	{
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		displayOptions: {
			show: {
				resource: ['list'],
				operation: ['create_list'],
			},
		},
		options: [
			{
				displayName: 'If Absent',
				name: 'if_absent',
				type: 'boolean',
				default: false,
			},
			{
				displayName: 'Min Confidence',
				name: 'min_confidence',
				type: 'number',
				typeOptions: {
					minValue: 0,
					maxValue: 100,
				},
				default: 50,
				description: 'Matches below it are not told of; 50 is the line between a copy and another picture',
			},
			{
				displayName: 'Monitored',
				name: 'monitored',
				type: 'boolean',
				default: false,
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
			{
				displayName: 'Schedule',
				name: 'schedule',
				type: 'collection',
				placeholder: 'Add Field',
				default: {},
				options: [
					{
						displayName: 'At',
						name: 'at',
						type: 'string',
						default: '03:00',
						description: 'Local time of day, with `days`',
					},
					{
						displayName: 'Cron',
						name: 'cron',
						type: 'string',
						default: '',
						description: 'Five fields, as crontab has them',
					},
					{
						displayName: 'Days',
						name: 'days',
						type: 'number',
						typeOptions: {
							minValue: 1,
							maxValue: 365,
						},
						default: 1,
						description: 'From run to run, in days',
					},
					{
						displayName: 'Timezone',
						name: 'timezone',
						type: 'string',
						default: 'UTC',
						description: 'IANA name, such as Europe/Berlin',
					},
				],
				description: 'Without it a monitored list is searched daily',
			},
		],
	},
	{
		displayName: 'Label',
		name: 'label',
		type: 'string',
		default: '',
		description: 'Upper and lower case are the same',
		displayOptions: {
			show: {
				resource: ['list'],
				operation: ['find_list'],
			},
		},
		required: true,
	},
	{
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		displayOptions: {
			show: {
				resource: ['list'],
				operation: ['find_list'],
			},
		},
		options: [
			{
				displayName: 'Exact',
				name: 'exact',
				type: 'boolean',
				default: true,
			},
		],
	},
	{
		displayName: 'List',
		name: 'list_id',
		type: 'resourceLocator',
		default: {
			mode: 'list',
			value: '',
		},
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: {
					searchListMethod: 'searchLists',
					searchable: true,
				},
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
			},
		],
		description: 'The list to add them to',
		displayOptions: {
			show: {
				resource: ['image'],
				operation: ['add_images'],
			},
		},
		required: true,
	},
	{
		displayName: 'Images',
		name: 'images',
		type: 'fixedCollection',
		typeOptions: {
			multipleValues: true,
		},
		placeholder: 'Add Image',
		default: {},
		options: [
			{
				displayName: 'Images',
				name: 'values',
				values: [
					{
						displayName: 'Name',
						name: 'name',
						type: 'string',
						default: '',
						description: 'What it is called in lists; else what its address ends in',
					},
					{
						displayName: 'URL',
						name: 'url',
						type: 'string',
						default: '',
						description: 'Its address; it is fetched from there',
					},
				],
			},
		],
		description: 'The pictures to add',
		displayOptions: {
			show: {
				resource: ['image'],
				operation: ['add_images'],
			},
		},
	},
	{
		displayName: 'Input Binary Fields',
		name: 'binaryFields',
		type: 'string',
		default: '',
		placeholder: 'e.g. data',
		description: 'The names of binary fields of the item that hold pictures, separated by commas',
		displayOptions: {
			show: {
				resource: ['image'],
				operation: ['add_images'],
			},
		},
	},
	{
		displayName: 'Match',
		name: 'match_id',
		type: 'resourceLocator',
		default: {
			mode: 'list',
			value: '',
		},
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: {
					searchListMethod: 'searchMatches',
					searchable: true,
				},
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
			},
		],
		description: 'The match to decide on',
		displayOptions: {
			show: {
				resource: ['match'],
				operation: ['decide_match'],
			},
		},
		required: true,
	},
	{
		displayName: 'Decision',
		name: 'decision',
		type: 'options',
		options: [
			{
				name: 'Allowed',
				value: 'allowed',
			},
			{
				name: 'Infringing',
				value: 'infringing',
			},
			{
				name: 'Not_a_match',
				value: 'not_a_match',
			},
			{
				name: 'Open',
				value: 'open',
			},
		],
		default: 'allowed',
		description: 'What you make of it',
		displayOptions: {
			show: {
				resource: ['match'],
				operation: ['decide_match'],
			},
		},
		required: true,
	},
	{
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		displayOptions: {
			show: {
				resource: ['match'],
				operation: ['decide_match'],
			},
		},
		options: [
			{
				displayName: 'Note',
				name: 'note',
				type: 'string',
				default: '',
				description: 'Left out, the one that is there stays; null takes it away',
			},
		],
	},
	{
		displayName: 'List',
		name: 'list_id',
		type: 'resourceLocator',
		default: {
			mode: 'list',
			value: '',
		},
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: {
					searchListMethod: 'searchLists',
					searchable: true,
				},
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
			},
		],
		description: 'The list whose matches are wanted',
		displayOptions: {
			show: {
				resource: ['export'],
				operation: ['export_matches'],
			},
		},
		required: true,
	},
	{
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		displayOptions: {
			show: {
				resource: ['export'],
				operation: ['export_matches'],
			},
		},
		options: [
			{
				displayName: 'Found After',
				name: 'found_after',
				type: 'dateTime',
				default: '',
				description: 'Only matches that were found after this time',
			},
			{
				displayName: 'Match Type',
				name: 'match_type',
				type: 'options',
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
				default: 'full',
				description: 'Only matches of this type',
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
		],
	},
];

export const ACTIONS: Record<string, ActionFields> = {
	start_search: {
		shown: [
			{
				name: 'images',
				kind: 'groups',
			},
		],
		added: [
			{
				name: 'list_id',
				kind: 'locator',
			},
			{
				name: 'list_label',
				kind: 'value',
			},
			{
				name: 'providers',
				kind: 'list',
			},
			{
				name: 'verify',
				kind: 'value',
			},
		],
		pictures: 'images',
	},
	find_search: {
		shown: [
			{
				name: 'search_id',
				kind: 'locator',
			},
		],
		added: [],
	},
	create_list: {
		shown: [
			{
				name: 'label',
				kind: 'value',
			},
		],
		added: [
			{
				name: 'monitored',
				kind: 'value',
			},
			{
				name: 'schedule',
				kind: 'group',
			},
			{
				name: 'providers',
				kind: 'list',
			},
			{
				name: 'min_confidence',
				kind: 'value',
			},
			{
				name: 'if_absent',
				kind: 'value',
			},
		],
	},
	find_list: {
		shown: [
			{
				name: 'label',
				kind: 'value',
			},
		],
		added: [
			{
				name: 'exact',
				kind: 'value',
			},
		],
	},
	add_images: {
		shown: [
			{
				name: 'list_id',
				kind: 'locator',
			},
			{
				name: 'images',
				kind: 'groups',
			},
		],
		added: [],
		pictures: 'images',
	},
	decide_match: {
		shown: [
			{
				name: 'match_id',
				kind: 'locator',
			},
			{
				name: 'decision',
				kind: 'value',
			},
		],
		added: [
			{
				name: 'note',
				kind: 'value',
			},
		],
	},
	export_matches: {
		shown: [
			{
				name: 'list_id',
				kind: 'locator',
			},
		],
		added: [
			{
				name: 'match_type',
				kind: 'value',
			},
			{
				name: 'min_confidence',
				kind: 'value',
			},
			{
				name: 'found_after',
				kind: 'value',
			},
		],
	},
};

export const CHOICES: Record<string, string> = {
	Lists: '/api/v1/choices/lists',
	Matches: '/api/v1/choices/matches',
	Providers: '/api/v1/choices/providers',
	Searches: '/api/v1/choices/searches',
};
