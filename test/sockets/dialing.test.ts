import { lastValueFrom } from 'rxjs';
import {
  createHost,
  generateKey,
  peerIdFrom,
  type DialError,
  type Host,
  type Target,
} from '../../src/index.js';

const STRANGER = peerIdFrom(generateKey()).toString();
const failure = (host: Host, target: Target, timeoutMs?: number): Promise<DialError> =>
  lastValueFrom(host.dial(target, { timeoutMs })).then(
    () => {
      throw new Error('it connected');
    },
    (error: unknown) => error as DialError,
  );

it('FILT-2, 4b: a host that listens everywhere dials none of its own interfaces', async () => {
  await using host = await createHost({ listen: ['/ip4/0.0.0.0/tcp/0'] });
  const own = host.addrs.map((addr) => addr.toString().replace(/[^/]+$/, STRANGER));
  const { code, errors } = await failure(host, own);
  expect(code).toBe('ERR_NO_ADDRESSES');
  expect(errors).toHaveLength(host.addrs.length);
  for (const { error } of errors) expect(error).toMatchObject({ code: 'ERR_DIAL_SELF' });
});

it('LIM-2: a host without descriptors dials no TCP, and says so once the time is up', async () => {
  process.env['LIBP2P_SWARM_FD_LIMIT'] = '0';
  try {
    await using host = await createHost({ listen: [] });
    await using other = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
    expect(await failure(host, other.addrs, 100)).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(other.connections).toEqual([]);
  } finally {
    delete process.env['LIBP2P_SWARM_FD_LIMIT'];
  }
});
