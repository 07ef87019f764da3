import type { IAuthenticateGeneric, ICredentialTestRequest, ICredentialType, INodeProperties } from 'n8n-workflow';

const NO_SERVER = 'This address is no Copyhound server.';

// what a page of the manual adds to it, such as /docs/n8n, is left out; `address` in nodes/shared/api.ts does the same
const ADDRESS =
	'={{$credentials.baseUrl.trim().replace(/[?#].*$/, "").replace(/\\/+$/, "").replace(/([^\\/:])\\/+(?:docs|api\\/v1)(?:\\/.*)?$/, "$1")}}';

export class CopyhoundApi implements ICredentialType {
	name = 'copyhoundApi';

	displayName = 'Copyhound API';

	icon = { light: 'file:../icons/copyhound.svg', dark: 'file:../icons/copyhound.dark.svg' } as const;

	documentationUrl = 'https://copyhound.example.org/docs/n8n';

	properties: INodeProperties[] = [
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'https://copyhound.example.org',
			description: 'Where your Copyhound server answers, as n8n reaches it, without /docs',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description:
				"A key with the scopes read and write. On the server, in Copyhound's folder, <code>.venv/bin/copyhound keys create n8n --scope read --scope write</code> makes one; so does POST /api/v1/keys, asked with a key that has the scope admin.",
		},
	];

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: { headers: { 'X-API-Key': '={{$credentials.apiKey}}' } },
	};

	test: ICredentialTestRequest = {
		request: { baseURL: ADDRESS, url: '/api/v1/me' },
		// n8n's type knows rules of one kind alone, its test looks at each
		rules: [
			{ type: 'responseCode', properties: { value: 404, message: NO_SERVER } },
			{ type: 'responseSuccessBody', properties: { key: 'workspace', value: undefined, message: NO_SERVER } },
		] as ICredentialTestRequest['rules'],
	};
}
