import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

let certificates: Certificates;
let slapd: Slapd;
let service: RunningService | undefined;

beforeAll(async () => {
  certificates = await makeCertificates();
  slapd = await startSlapd({ tls: certificates.right });
});

afterAll(async () => {
  await slapd?.stop();
  await certificates?.remove();
});

afterEach(async () => {
  await service?.remove();
  service = undefined;
});

async function start(url: string, directory: Record<string, unknown>, wait = true): Promise<RunningService> {
  service = await setUpService({ url, script: 'exit 0', directory });
  await service.start({ wait });
  return service;
}

describe('the service finishes an account', () => {
  it.each([
    ['over StartTLS, by address', (at: Slapd) => at.url, true],
    ['over StartTLS, by name', (at: Slapd) => at.url.replace('127.0.0.1', 'localhost'), true],
    ['over ldaps, by address', (at: Slapd) => at.ldapsUrl, false],
    ['over ldaps, by name', (at: Slapd) => at.ldapsUrl.replace('127.0.0.1', 'localhost'), false],
    ['over a unix socket', (at: Slapd) => at.ldapiUrl, false],
  ])('%s', async (how, urlOf, startTls) => {
    const uid = `tls-${how.replaceAll(/[^a-z]+/gi, '-')}`;
    await start(urlOf(slapd), { startTls, tls: { caFile: certificates.caFile } });
    await slapd.addAccount(uid, OPEN);
    await slapd.waitForMode(uid, 'added');
  });
});

describe('the service waits, and says what to do, where the certificate', () => {
  it('is signed by an authority that it does not know', async () => {
    const waiting = await start(slapd.ldapsUrl, { tls: { caFile: certificates.otherCaFile } }, false);
    await waiting.outputMatches(/disconnected .*authority.*directory\.tls\.caFile/);
    await waiting.outputMatches(/reconnecting .*try 2/);
  });

  it.each([
    ['is for another name', 'wrongName', /disconnected .*another name.*subjectAltName/],
    ['has expired', 'expired', /disconnected .*expired.*renew/],
  ] as const)('%s, with StartTLS and with ldaps', async (_, which, words) => {
    const other = await startSlapd({ tls: certificates[which] });
    try {
      for (const [url, startTls] of [[other.url, true] as const, [other.ldapsUrl, false] as const]) {
        const waiting = await start(url, { startTls, tls: { caFile: certificates.caFile } }, false);
        await waiting.outputMatches(words);
        expect(await waiting.stop()).toBe(0);
        await waiting.remove();
      }
    } finally {
      await other.stop();
    }
  });
});
