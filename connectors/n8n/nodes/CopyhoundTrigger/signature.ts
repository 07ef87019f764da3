import type { IDataObject } from 'n8n-workflow';
import { createHmac, timingSafeEqual } from 'node:crypto';

const TOLERANCE = 300;

/** Whether these bytes were signed with the secret, as Standard Webhooks has it, within five minutes of now (seconds). */
export function isSigned(secret: string, headers: IDataObject, body: Buffer, now = Date.now() / 1000): boolean {
	const id = String(headers['webhook-id'] ?? '');
	const at = String(headers['webhook-timestamp'] ?? '');
	if (!secret || !id || !/^\d{1,12}$/.test(at) || Math.abs(now - Number(at)) > TOLERANCE) return false;
	const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
	const expected = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest();
	return String(headers['webhook-signature'] ?? '')
		.split(' ')
		.filter((one) => one.startsWith('v1,'))
		.some((one) => same(expected, Buffer.from(one.slice(3), 'base64')));
}

function same(expected: Buffer, sent: Buffer): boolean {
	return expected.length === sent.length && timingSafeEqual(expected, sent);
}
