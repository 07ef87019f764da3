import type { IAuthenticateGeneric, ICredentialTestRequest, ICredentialType, INodeProperties } from 'n8n-workflow';

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
			description: 'Where your Copyhound server answers, as n8n reaches it',
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
		request: { baseURL: '={{$credentials.baseUrl.replace(/\\/+$/, "")}}', url: '/api/v1/me' },
	};
}
