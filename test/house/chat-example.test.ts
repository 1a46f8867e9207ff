import { Subject } from 'rxjs';
import { simulateNetwork, type SimulatedNetwork } from 'rx-libp2p/testing';
import type { Host } from 'rx-libp2p';
import { CHAT, enterRoom, type Said } from '../../examples/chat/room.js';

interface Member {
  readonly host: Host;
  readonly typed: Subject<string>;
  readonly heard: string[];
  leave(): void;
}

async function enter(net: SimulatedNetwork, name: string, door?: Member): Promise<Member> {
  const host = await net.createHost();
  const [typed, heard] = [new Subject<string>(), [] as string[]];
  const told = (said: Said): string =>
    said.type === 'line' ? `${said.name}: ${said.text}` : `${said.name} ${said.type}s`;
  const room = enterRoom(host, name, typed, door?.host.addrs.map(String)).subscribe((said) => {
    heard.push(told(said));
  });
  return {
    host,
    typed,
    heard,
    leave: () => {
      room.unsubscribe();
    },
  };
}

it('whoever meets one member meets all, hears all, and is missed by all', async () => {
  const net = simulateNetwork({ seed: 1, link: { latencyMs: 20 } });
  const anna = await enter(net, 'anna');
  const bert = await enter(net, 'bert', anna);
  await net.advance(2_000);
  // Two at once, by different doors.
  const [carl, dora] = [await enter(net, 'carl', anna), await enter(net, 'dora', bert)];
  await net.advance(2_000);
  dora.typed.next('hello');
  await net.advance(1_000);
  dora.leave();
  await net.advance(1_000);
  for (const { heard } of [anna, bert, carl]) expect(heard.slice(-2)).toEqual(['dora: hello', 'dora leaves']);
  expect(anna.heard.slice(0, -2).sort()).toEqual(['bert joins', 'carl joins', 'dora joins']);
  expect(carl.heard.slice(0, -2).sort()).toEqual(['anna joins', 'bert joins', 'dora joins']);
  expect(dora.heard.sort()).toEqual(['anna joins', 'bert joins', 'carl joins']);
});

it('who left may come back, and who is silent for an hour stays', async () => {
  const net = simulateNetwork({ seed: 2, link: { latencyMs: 20 } });
  const anna = await enter(net, 'anna');
  const bert = await enter(net, 'bert', anna);
  await net.advance(3_600_000);
  bert.typed.next('still here');
  await net.advance(1_000);
  await net.runUntil(bert.host.stop());
  await net.advance(1_000);
  await enter(net, 'bert', anna);
  await net.advance(2_000);
  expect(anna.heard).toEqual(['bert joins', 'bert: still here', 'bert leaves', 'bert joins']);
});

it.each([
  ['no JSON', 'hello\n'],
  ['another shape', '{"name":1,"members":[]}\n'],
  ['a line without end', 'x'.repeat(20_000)],
])('a stranger who introduces itself with %s is not let in, and nobody else minds', async (_, text) => {
  const net = simulateNetwork({ seed: 3, link: { latencyMs: 20 } });
  const anna = await enter(net, 'anna');
  const stranger = await net.createHost();
  const stream = await net.runUntil(stranger.newStream(anna.host.addrs, CHAT));
  stream.next(new TextEncoder().encode(text));
  const { error } = await net.runUntil(stream.closed$);
  expect(error?.name).toBe('StreamResetError');
  await enter(net, 'bert', anna);
  await net.advance(2_000);
  expect(anna.heard).toEqual(['bert joins']);
});

it('what a stranger is called moves no cursor', async () => {
  const net = simulateNetwork({ seed: 4, link: { latencyMs: 20 } });
  const anna = await enter(net, 'anna');
  await enter(net, '\u001b[2Jbert\u202e', anna);
  await net.advance(2_000);
  expect(anna.heard).toEqual(['?[2Jbert? joins']);
});
