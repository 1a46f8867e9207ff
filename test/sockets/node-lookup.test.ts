import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { firstValueFrom, lastValueFrom, merge, toArray } from 'rxjs';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { monotonicScheduler } from '../../src/platform/monotonic-scheduler.js';
import { nodeLookup } from '../../src/platform/node-lookup.js';
import { createResolver } from '../../src/swarm/resolver.js';
import { DnsServer, txt } from '../support/dns-server.js';

type System = NonNullable<NonNullable<Parameters<typeof nodeLookup>[0]>['system']>;
const [FORMERR, SERVFAIL, NXDOMAIN, REFUSED] = [1, 2, 3, 5];
const LONG = `dnsaddr=/ip4/10.0.0.1/tcp/1/http-path/${'a'.repeat(300)}`;

let server: DnsServer;
beforeAll(async () => {
  server = await DnsServer.start((name, type) => {
    if (name === 'silent.test') return undefined;
    if (name === 'broken.test') return SERVFAIL;
    if (name === 'closed.test') return REFUSED;
    if (name === 'odd.test') return FORMERR;
    if (name === 'only4.test')
      return type === 'A' ? [Uint8Array.of(10, 0, 0, 1), Uint8Array.of(10, 0, 0, 2)] : [];
    if (name === 'only6.test') return type === 'AAAA' ? [new Uint8Array(16).fill(1, 15)] : [];
    if (name === '_dnsaddr.only4.test')
      return [txt('dnsaddr=/dns/only4.test/tcp/1'), txt(LONG.slice(0, 255), LONG.slice(255)), txt('other')];
    if (name === '_dnsaddr.only6.test') return [];
    return NXDOMAIN;
  });
});
afterAll(() => server.stop());

const unknown: System = (name, _, done) => {
  done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), []);
};
const lookup = (system: System = unknown) => nodeLookup({ servers: [server.address], system });
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('names on Node', () => {
  it('are asked of DNS, one family at a time', async () => {
    expect(await firstValueFrom(lookup().addresses('only4.test', 4))).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(await firstValueFrom(lookup().addresses('only6.test', 6))).toEqual(['::1']);
  });

  it('without addresses of a family have none, which is no error', async () => {
    expect(await firstValueFrom(lookup().addresses('only4.test', 6))).toEqual([]);
    expect(await firstValueFrom(lookup().addresses('only6.test', 4))).toEqual([]);
  });

  it('have TXT records, each as one text, or none', async () => {
    const records = await firstValueFrom(lookup().texts('_dnsaddr.only4.test'));
    expect([...records].sort()).toEqual(['dnsaddr=/dns/only4.test/tcp/1', LONG, 'other']);
    expect(await firstValueFrom(lookup().texts('_dnsaddr.only6.test'))).toEqual([]);
  });

  it.each([
    ['none.test', 'ENOTFOUND'],
    ['broken.test', 'ESERVFAIL'],
    ['closed.test', 'EREFUSED'],
    ['odd.test', 'EFORMERR'],
  ])('G1: fail by name and code: %s, %s', async (name, code) => {
    const failed = {
      code: 'ERR_RESOLVE',
      fault: 'network',
      message: `cannot resolve "${name}": ${code}`,
      cause: { code },
    };
    expect(await failureOf(firstValueFrom(lookup().addresses(name, 4)))).toMatchObject(failed);
    expect(await failureOf(firstValueFrom(lookup().texts(name)))).toMatchObject(failed);
  });

  it.each(['localhost', 'a.LOCALHOST'])(
    'RFC 6761: are this machine, and nobody is asked: %s',
    async (name) => {
      const before = server.asked.length;
      expect(await firstValueFrom(lookup().addresses(name, 4))).toEqual(['127.0.0.1']);
      expect(await firstValueFrom(lookup().addresses(name, 6))).toEqual(['::1']);
      expect(await firstValueFrom(lookup().texts(`_dnsaddr.${name}`))).toEqual([]);
      expect(server.asked).toHaveLength(before);
    },
  );

  it('are asked of the system where DNS knows none, as hosts files and mDNS do', async () => {
    const asked: string[] = [];
    const hosts: System = (name, { family }, done) => {
      asked.push(`${name} ${String(family)}`);
      setImmediate(() => {
        done(null, family === 4 ? [{ address: '10.9.9.9', family }] : []);
      });
    };
    expect(await firstValueFrom(lookup(hosts).addresses('printer.test', 4))).toEqual(['10.9.9.9']);
    expect(await firstValueFrom(lookup(hosts).addresses('broken.test', 4))).toEqual(['10.9.9.9']);
    expect(await firstValueFrom(lookup(hosts).addresses('only4.test', 4))).toHaveLength(2);
    expect(await failureOf(firstValueFrom(lookup(hosts).addresses('printer.test', 6)))).toMatchObject({
      code: 'ERR_RESOLVE',
    });
    expect(asked).toEqual(['printer.test 4', 'broken.test 4', 'printer.test 6']);
  });

  it('are asked of the real system: it knows what a number is', async () => {
    const { addresses } = nodeLookup({ servers: [server.address] });
    expect(await firstValueFrom(addresses('127.0.0.1', 4))).toEqual(['127.0.0.1']);
  });

  it('take two of the system’s threads at a time; who has left does not take one', async () => {
    const running = new Map<string, () => void>();
    const slow: System = (name, _, done) => {
      running.set(name, () => {
        done(null, [{ address: '10.9.9.9', family: 4 }]);
      });
    };
    const { addresses } = lookup(slow);
    const answered: string[] = [];
    const ask = (name: string) => addresses(name, 4).subscribe({ next: () => answered.push(name) });
    // DNS has answered "no" long before.
    const settled = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 100));
    const [one, two] = [ask('one.test'), ask('two.test')];
    await settled();
    const [three, four] = [ask('three.test'), ask('four.test')];
    await settled();
    expect([...running.keys()].sort()).toEqual(['one.test', 'two.test']);
    two.unsubscribe();
    three.unsubscribe();
    running.get('one.test')!();
    expect([...running.keys()].slice(2)).toEqual(['four.test']);
    running.get('two.test')!();
    running.get('four.test')!();
    expect(answered).toEqual(['one.test', 'four.test']);
    for (const subscription of [one, four]) expect(subscription.closed).toBe(true);
  });

  it('G7: whose server is silent are given up, so that the system has its turn within the five seconds', async () => {
    const begun = performance.now();
    const hosts: System = (_, { family }, done) => {
      done(null, [{ address: '10.9.9.9', family }]);
    };
    expect(await firstValueFrom(lookup(hosts).addresses('silent.test', 4))).toEqual(['10.9.9.9']);
    expect(performance.now() - begun).toBeLessThan(4_500);
  }, 10_000);

  it('G9: are not asked for any longer once nobody wants to know: the question is not repeated, its socket is closed', async () => {
    const quiet = createSocket('udp4');
    quiet.bind(0, '127.0.0.1');
    await once(quiet, 'listening');
    let questions = 0;
    quiet.on('message', () => (questions += 1));
    const seen: unknown[] = [];
    const { addresses } = nodeLookup({
      servers: [`127.0.0.1:${String(quiet.address().port)}`],
      system: unknown,
    });
    const subscription = addresses('silent.test', 4).subscribe({
      next: (answer) => seen.push(answer),
      error: (error: unknown) => seen.push(error),
    });
    while (questions === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    subscription.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect([questions, seen]).toEqual([1, []]);
    quiet.close();
  });

  it('RES-10: make a dnsaddr into addresses, all together', async () => {
    const resolve = createResolver({ lookup: lookup(), scheduler: monotonicScheduler });
    const addrs = await lastValueFrom(
      merge(
        ...['/dnsaddr/only4.test', '/dns/only6.test/tcp/2', '/dns/localhost/tcp/3'].map((addr) =>
          resolve(parseMultiaddr(addr)),
        ),
      ).pipe(toArray()),
    );
    expect(addrs.flat().map(String).sort()).toEqual([
      '/ip4/10.0.0.1/tcp/1',
      `/ip4/10.0.0.1/tcp/1/http-path/${'a'.repeat(300)}`,
      '/ip4/10.0.0.2/tcp/1',
      '/ip4/127.0.0.1/tcp/3',
      '/ip6/::1/tcp/2',
      '/ip6/::1/tcp/3',
    ]);
  });
});
