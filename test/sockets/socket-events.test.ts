import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { sharingReads } from '../../src/transports/socket-events.js';
import { leavesNothing, pair, pause, plainClient, record, text, until } from './sockets.js';

const closing = leavesNothing();

describe('bytes of sockets that are read into one buffer', () => {
  it('stay what they were, whatever comes to this socket or to another', async () => {
    const pairs = await Promise.all([pair(), pair()]);
    closing.push(...pairs.map(({ close }) => close));
    const ends = pairs.flatMap(({ near, far }) => [near.duplex, far.duplex]);
    const heard = ends.map(record);
    for (let round = 0; round < 5; round += 1) {
      ends.forEach(({ sink }, end) => {
        sink.next(Buffer.from(`${String(end)}${String(round)} `));
      });
      await until(() => heard.every(({ byteLength }) => byteLength === 3 * (round + 1)));
    }
    // What an end hears is what the other end of its pair has said.
    expect(heard.map(({ chunks }) => text(chunks))).toEqual(
      [1, 0, 3, 2].map((end) => [0, 1, 2, 3, 4].map((round) => `${String(end)}${String(round)} `).join('')),
    );
  });

  it('wait where nobody reads, and are all there when somebody does', async () => {
    const { near, far, close } = await pair();
    closing.push(close);
    far.duplex.sink.next(Buffer.from('first '));
    near.duplex.sink.next(Buffer.from('first '));
    await pause(20);
    const heard = [near, far].map(({ duplex }) => record(duplex));
    far.duplex.sink.next(Buffer.from('second'));
    near.duplex.sink.next(Buffer.from('second'));
    await until(() => heard.every(({ byteLength }) => byteLength === 12));
    expect(heard.map(({ chunks }) => text(chunks))).toEqual(['first second', 'first second']);
  });
});

describe('a socket that was accepted', () => {
  async function accepted(): Promise<{ readonly socket: Socket; readonly client: Socket }> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [client, [socket]] = await Promise.all([
      plainClient((server.address() as AddressInfo).port),
      once(server, 'connection') as Promise<[Socket]>,
    ]);
    server.close();
    closing.push(() => client.destroy());
    return { socket, client };
  }

  it('shares reads on this version of Node, and its server counts it no more', async () => {
    const { socket } = await accepted();
    const shared = sharingReads(socket);
    closing.push(() => shared.destroy());
    expect(shared).not.toBe(socket);
    expect([socket.destroyed, shared.destroyed, shared.isPaused()]).toEqual([true, false, true]);
    expect(shared.remoteAddress).toBe('127.0.0.1');
  });

  it('stays as it is where Node has no such way', async () => {
    const { socket } = await accepted();
    closing.push(() => socket.destroy());
    const other = Object.assign(Object.create(socket) as Socket, { _handle: {} });
    expect(sharingReads(other)).toBe(other);
    expect(sharingReads(Object.assign(Object.create(socket) as Socket, { _handle: null })).destroyed).toBe(
      false,
    );
  });
});
