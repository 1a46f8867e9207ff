import { createHost } from '../../src/index.js';

const written: string[] = [];
const { write } = process.stderr;
const before = process.env['DEBUG'];
beforeEach(() => {
  written.length = 0;
  process.stderr.write = (text) => written.push(String(text)) > 0;
});
afterEach(() => {
  process.stderr.write = write;
  if (before === undefined) delete process.env['DEBUG'];
  else process.env['DEBUG'] = before;
});
const run = async (): Promise<void> => {
  const host = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
  await host.stop();
};

it('DEBUG=rx-libp2p:listen:* writes what a host listens on to stderr', async () => {
  process.env['DEBUG'] = 'rx-libp2p:listen:*';
  await run();
  expect(written.map((line) => line.split(' ')[0])).toEqual([
    'rx-libp2p:listen:open',
    'rx-libp2p:listen:close',
  ]);
});

it('without DEBUG nothing is written', async () => {
  delete process.env['DEBUG'];
  await run();
  expect(written).toEqual([]);
});
