import { firstValueFrom } from 'rxjs';
import { dnsOverHttps } from '../../src/platform/https-lookup.js';

interface Asked {
  readonly url: string;
  readonly init: RequestInit;
}
/** A server that answers everything with this. */
function server(answer: unknown, status = 200) {
  const asked: Asked[] = [];
  const fetch = (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    asked.push({ url: url instanceof Request ? url.url : String(url), init });
    if (answer instanceof Error) return Promise.reject(answer);
    const body =
      typeof answer === 'string' || answer instanceof ReadableStream ? answer : JSON.stringify(answer);
    return Promise.resolve(new Response(body, { status }));
  };
  return { asked, fetch, lookup: dnsOverHttps({ url: 'https://dns.example/query?key=1', fetch }) };
}
const A = (data: string) => ({ name: 'x.example', type: 1, TTL: 60, data });
const TXT = (data: string) => ({ name: 'x.example', type: 16, TTL: 60, data });
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('DNS over HTTPS', () => {
  it.each([
    [4, 'A'],
    [6, 'AAAA'],
  ] as const)('RES-10: IPv%s is asked for as %s, as JSON, without cookies', async (family, type) => {
    const { asked, lookup } = server({ Status: 0 });
    expect(await firstValueFrom(lookup.addresses('x.example', family))).toEqual([]);
    expect(asked[0]!.url).toBe(`https://dns.example/query?key=1&name=x.example&type=${type}`);
    expect(asked[0]!.init).toMatchObject({
      headers: { accept: 'application/dns-json' },
      credentials: 'omit',
    });
  });

  it('gives the addresses, and not the names on the way to them', async () => {
    const cname = { name: 'x.example', type: 5, TTL: 1, data: 'y.example.' };
    const { lookup } = server({ Status: 0, Answer: [cname, A('1.2.3.4'), A('1.2.3.5')] });
    expect(await firstValueFrom(lookup.addresses('x.example', 4))).toEqual(['1.2.3.4', '1.2.3.5']);
    expect(await firstValueFrom(lookup.addresses('x.example', 6))).toEqual([]);
  });

  it.each([
    ['"a" "b"', ['ab']],
    ['"a""b"', ['ab']],
    ['dnsaddr=/ip4/1.2.3.4', ['dnsaddr=/ip4/1.2.3.4']],
    ['"a\\"b\\\\c\\065"', ['a"b\\cA']],
    ['""', ['']],
    ['"a', []],
    ['"a" b', []],
    ['"a\\1"', []],
  ])('joins a record’s strings: %s is %j', async (data, expected) => {
    const { lookup } = server({ Status: 0, Answer: [TXT(data)] });
    expect(await firstValueFrom(lookup.texts('x.example'))).toEqual(expected);
  });

  it('reads a record of nothing but quotes in no more than its length', async () => {
    const { lookup } = server({ Status: 0, Answer: [TXT(`"${'\\"'.repeat(15_000)}`)] });
    const begun = performance.now();
    expect(await firstValueFrom(lookup.texts('x.example'))).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(500);
  });

  it.each<[string, unknown, number, string]>([
    ['there is no such name', { Status: 3 }, 200, 'NXDOMAIN'],
    ['the server failed', { Status: 2 }, 200, 'status 2'],
    ['there is no status', { Answer: [A('1.2.3.4')] }, 200, 'status undefined'],
    ['the status is text', { Status: '0' }, 200, 'status "0"'],
    ['the answers are no list', { Status: 0, Answer: {} }, 200, 'malformed'],
    ['an answer has no data', { Status: 0, Answer: [{ type: 1 }] }, 200, 'malformed'],
    ['an answer is nothing', { Status: 0, Answer: [null] }, 200, 'malformed'],
    ['it is a list', [], 200, 'status undefined'],
    ['it is null', 'null', 200, 'status undefined'],
    ['it is no JSON', '<html>', 200, 'no JSON'],
    ['it is empty', '', 200, 'no JSON'],
    ['it is no success', { Status: 0, Answer: [A('1.2.3.4')] }, 500, 'status 500'],
    ['there is no network', new TypeError('fetch failed'), 0, 'fetch failed'],
  ])('G1, G4: fails by name where %s', async (_, answer, status, reason) => {
    expect(
      await failureOf(firstValueFrom(server(answer, status).lookup.addresses('x.example', 4))),
    ).toMatchObject({
      code: 'ERR_RESOLVE',
      fault: 'network',
      message: expect.stringMatching(
        new RegExp(`cannot resolve "x.example" over HTTPS: .*${reason}`),
      ) as string,
    });
  });

  it('G3: takes a hundred answers', async () => {
    const answers = Array.from({ length: 101 }, (_, i) => A(`10.0.0.${String(i)}`));
    const { lookup } = server({ Status: 0, Answer: answers });
    expect(await firstValueFrom(lookup.addresses('x.example', 4))).toEqual(
      answers.slice(0, 100).map(({ data }) => data),
    );
  });

  it('G3: takes 64 KiB, and reads no more than that', async () => {
    const fits = JSON.stringify({ Status: 0 }).padEnd(65_536);
    expect(await firstValueFrom(server(fits).lookup.addresses('x.example', 4))).toEqual([]);
    let [chunks, cancelled] = [0, false];
    const endless = new ReadableStream({
      pull(controller) {
        chunks += 1;
        controller.enqueue(new Uint8Array(16_384).fill(32));
      },
      cancel() {
        cancelled = true;
      },
    });
    expect(await failureOf(firstValueFrom(server(endless).lookup.addresses('x.example', 4)))).toMatchObject({
      code: 'ERR_RESOLVE',
      message: expect.stringContaining('longer than 65536 bytes') as string,
    });
    expect(chunks).toBeLessThanOrEqual(6);
    expect(cancelled).toBe(true);
  });

  it('G7: a fetch that throws is a failure of the name', async () => {
    const lookup = dnsOverHttps({
      fetch: () => {
        throw new TypeError('no fetch here');
      },
    });
    expect(await failureOf(firstValueFrom(lookup.texts('x.example')))).toMatchObject({ code: 'ERR_RESOLVE' });
  });

  it('G9: is aborted with its subscriber, and is asked only once there is one', async () => {
    const signals: AbortSignal[] = [];
    const lookup = dnsOverHttps({
      fetch: (_, init) => {
        signals.push(init!.signal!);
        return new Promise(() => undefined);
      },
    });
    const answer$ = lookup.addresses('x.example', 4);
    expect(signals).toEqual([]);
    const subscription = answer$.subscribe();
    await Promise.resolve();
    expect(signals[0]!.aborted).toBe(false);
    subscription.unsubscribe();
    expect(signals[0]!.aborted).toBe(true);
  });

  it('RFC 6761: does not tell anybody about localhost', async () => {
    const { asked, lookup } = server({ Status: 0, Answer: [A('1.2.3.4')] });
    expect(await firstValueFrom(lookup.addresses('localhost', 4))).toEqual(['127.0.0.1']);
    expect(await firstValueFrom(lookup.addresses('a.localhost', 6))).toEqual(['::1']);
    expect(await firstValueFrom(lookup.texts('_dnsaddr.localhost'))).toEqual([]);
    expect(asked).toEqual([]);
  });

  it.each(['', 'dns.example', 'ftp://dns.example'])('cannot be asked at "%s"', (url) => {
    expect(() => dnsOverHttps({ url })).toThrow(/dnsOverHttps: url is ".*"; it takes an address/);
  });

  it('is asked of a public server by the platform’s fetch, if nothing else is said', async () => {
    const { asked, fetch } = server({ Status: 0 });
    const theirs = globalThis.fetch;
    globalThis.fetch = fetch;
    try {
      await firstValueFrom(dnsOverHttps().addresses('x.example', 4));
    } finally {
      globalThis.fetch = theirs;
    }
    expect(asked[0]!.url).toBe('https://cloudflare-dns.com/dns-query?name=x.example&type=A');
  });
});
