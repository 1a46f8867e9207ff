/** Certificates that sign themselves, for TLS in tests. @source RFC 5280, 4.1 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { utf8 } from '../../src/core/bytes.js';
import { derElement } from '../../src/core/der.js';

export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}
const SEQUENCE = 0x30;
/** ecdsa-with-SHA256, and no parameters. */
const ECDSA_SHA256 = derElement(SEQUENCE, derElement(0x06, hex('2a8648ce3d040302')));
const SUBJECT_ALT_NAME = derElement(0x06, hex('551d11'));
const DAY_MS = 86_400_000;

/** For these DNS names and IPv4 addresses; valid from and to, in days from now. */
export function selfSigned(
  names: readonly string[] = ['localhost', '127.0.0.1'],
  [from, to]: readonly [number, number] = [-1, 1],
): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const commonName = derElement(SEQUENCE, derElement(0x06, hex('550403')), derElement(0x0c, utf8('test')));
  const name = derElement(SEQUENCE, derElement(0x31, commonName));
  const altNames = names.map((text) =>
    /^[\d.]+$/.test(text)
      ? derElement(0x87, Uint8Array.from(text.split('.').map(Number)))
      : derElement(0x82, utf8(text)),
  );
  const extension = derElement(
    SEQUENCE,
    SUBJECT_ALT_NAME,
    derElement(0x04, derElement(SEQUENCE, ...altNames)),
  );
  const body = derElement(
    SEQUENCE,
    derElement(0xa0, derElement(0x02, Uint8Array.of(2))),
    derElement(0x02, Uint8Array.of(1)),
    ECDSA_SHA256,
    name,
    derElement(SEQUENCE, time(from), time(to)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    derElement(0xa3, derElement(SEQUENCE, extension)),
  );
  const signature = derElement(0x03, Uint8Array.of(0), sign('sha256', body, privateKey));
  const der = Buffer.from(derElement(SEQUENCE, body, ECDSA_SHA256, signature)).toString('base64');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/** GeneralizedTime. */
function time(days: number): Uint8Array {
  const date = new Date(Date.now() + days * DAY_MS);
  return derElement(0x18, utf8(date.toISOString().replace(/[-:T]|\.\d+/g, '')));
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
