/** What a host has that was told nothing, on Node (OPT). */
import { networkInterfaces } from 'node:os';
import { createHost, memory } from '../../src/index.js';
import { createMemoryNetwork } from '../../src/memory.js';

it('OPT-40, OPT-41, OPT-53: listens by TCP on a free port of every interface', async () => {
  const requested: string[] = [];
  await using host = await createHost({
    events: {
      next: (event) => {
        if (event.type === 'listen:open' || event.type === 'listen:error') requested.push(event.requested);
      },
    },
  });
  expect(requested).toEqual(['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']);
  const ip4 = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).flatMap(({ family, address }) => (family === 'IPv4' ? [address] : [])),
  );
  const published = host.addrs.map(String);
  for (const address of ip4)
    expect(published.some((addr) => addr.startsWith(`/ip4/${address}/tcp/`))).toBe(true);
  expect(published.some((addr) => /\/tcp\/0\/|\/0\.0\.0\.0\//.test(addr))).toBe(false);
});

it('OPT-54: nowhere, once it has transports of its own', async () => {
  await using host = await createHost({ transports: [memory({ network: createMemoryNetwork() })] });
  expect(host.addrs).toEqual([]);
});

it('OPT-48, OPT-60: is limited by what the machine has', async () => {
  await using host = await createHost({ listen: [] });
  const { resources } = host as unknown as { readonly resources: unknown };
  expect(resources).toBeDefined();
});
