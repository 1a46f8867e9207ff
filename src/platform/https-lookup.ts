/** DNS over HTTPS, in the JSON form that public resolvers speak: for places without DNS, such as browsers. */
import { defer, finalize, from, map, of, type Observable } from 'rxjs';
import { concatBytes, fromUtf8 } from '../core/bytes.js';
import { asError, codeOf, Libp2pError, quote } from '../core/errors.js';
import type { NameLookup } from '../core/name-lookup.js';
import { isLocalhost, loopbackAnswer } from '../core/resolvable.js';
import { show } from '../core/show.js';

/** Whom to ask. */
export interface DnsOverHttpsOptions {
  /** Where to ask; `name` and `type` are added to its query. By default Cloudflare's public resolver. */
  readonly url?: string | undefined;
  /** By default the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

const DEFAULT_URL = 'https://cloudflare-dns.com/dns-query';
/** As long as an answer of DNS can be. */
const MAX_BODY_BYTES = 64 * 1024;
/** As many addresses as a resolution gives. */
const MAX_ANSWERS = 100;
/** @source IANA, Domain Name System (DNS) Parameters */
const TYPES = { A: 1, AAAA: 28, TXT: 16 } as const;
const NO_ERROR = 0;
const NO_SUCH_NAME = 3;

/**
 * Asks a server that speaks DNS over HTTPS with JSON. It learns every name that is asked for; `localhost` and the names
 * below it are not. Takes at most 64 KiB and 100 answers. Fails with ERR_RESOLVE, which names the name and the reason;
 * unsubscribing aborts the request. Throws ERR_INVALID_OPTION if `url` is none.
 */
export function dnsOverHttps({ url = DEFAULT_URL, fetch }: DnsOverHttpsOptions = {}): NameLookup {
  const server = checkedUrl(url);
  const ask = (name: string, type: keyof typeof TYPES): Observable<readonly string[]> =>
    defer(() => {
      const controller = new AbortController();
      const question = new URL(server);
      question.searchParams.set('name', name);
      question.searchParams.set('type', type);
      // The platform's is looked up late: tests and polyfills replace it.
      return from(request(fetch ?? globalThis.fetch, question, controller.signal, name)).pipe(
        map((body) => answersIn(body, TYPES[type], name)),
        finalize(() => {
          controller.abort();
        }),
      );
    });
  return {
    addresses: (name, family) => {
      const loopback = loopbackAnswer(name, family);
      return loopback === undefined ? ask(name, family === 4 ? 'A' : 'AAAA') : of(loopback);
    },
    texts: (name) =>
      isLocalhost(name) ? of([]) : ask(name, 'TXT').pipe(map((answers) => answers.flatMap(unquoted))),
  };
}

function checkedUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed;
  throw new Libp2pError(
    'ERR_INVALID_OPTION',
    'local',
    `dnsOverHttps: url is ${show(url)}; it takes an address that begins with https://`,
  );
}

async function request(
  fetch: typeof globalThis.fetch,
  question: URL,
  signal: AbortSignal,
  name: string,
): Promise<unknown> {
  try {
    const response = await fetch(question, {
      signal,
      headers: { accept: 'application/dns-json' },
      credentials: 'omit',
    });
    if (!response.ok) throw failure(name, `the server answered with status ${String(response.status)}`);
    return JSON.parse(await textOf(response, name));
  } catch (thrown) {
    const cause = asError(thrown);
    if (codeOf(cause) === 'ERR_RESOLVE') throw cause;
    throw failure(name, cause instanceof SyntaxError ? 'the answer is no JSON' : cause.message, cause);
  }
}

/** What is longer is not read to its end. */
async function textOf(response: Response, name: string): Promise<string> {
  const reader = response.body?.getReader();
  let bytes = concatBytes();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    bytes = concatBytes(bytes, part.value);
    if (bytes.byteLength <= MAX_BODY_BYTES) continue;
    await reader?.cancel();
    throw failure(name, `the answer is longer than ${String(MAX_BODY_BYTES)} bytes`);
  }
  const text = fromUtf8(bytes);
  if (text === undefined) throw failure(name, 'the answer is no UTF-8');
  return text;
}

interface Answer {
  readonly type: number;
  readonly data: string;
}

/** The data of all answers of a type; those of other types (CNAME) led there. */
function answersIn(body: unknown, type: number, name: string): readonly string[] {
  const { Status: status, Answer: answers = [] } = isRecord(body) ? body : {};
  if (status === NO_SUCH_NAME) throw failure(name, 'NXDOMAIN');
  if (status !== NO_ERROR) throw failure(name, `the answer has status ${show(status)}`);
  if (!Array.isArray(answers) || !answers.every(isAnswer)) throw failure(name, 'the answer is malformed');
  return answers
    .filter((answer) => answer.type === type)
    .slice(0, MAX_ANSWERS)
    .map(({ data }) => data);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isAnswer(value: unknown): value is Answer {
  return isRecord(value) && typeof value['type'] === 'number' && typeof value['data'] === 'string';
}

/** A string in quotes, with what a backslash escapes: a character, or the three digits of a byte. @source RFC 1035, 5.1 */
const QUOTED = /"((?:[^"\\]|\\\d{3}|\\\D)*)"/g;
/** Nothing but such strings. Looked at first, from the start only: searching on behind each quote would take its square. */
const ALL_QUOTED = /^(?:\s*"(?:[^"\\]|\\\d{3}|\\\D)*")+\s*$/;

/** A TXT record's strings as one. Servers write it in quotes, or as it is; quotes that do not match are nothing. */
function unquoted(data: string): string[] {
  if (!data.startsWith('"')) return [data];
  if (!ALL_QUOTED.test(data)) return [];
  return [[...data.matchAll(QUOTED)].map(([, text = '']) => unescaped(text)).join('')];
}

function unescaped(text: string): string {
  return text.replace(/\\(\d{3}|\D)/g, (_, escaped: string) =>
    escaped.length === 3 ? String.fromCharCode(Number(escaped)) : escaped,
  );
}

function failure(name: string, reason: string, cause?: Error): Libp2pError {
  return new Libp2pError('ERR_RESOLVE', 'network', `cannot resolve ${quote(name)} over HTTPS: ${reason}`, {
    cause,
  });
}
