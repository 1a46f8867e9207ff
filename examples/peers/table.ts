/** Who is connected and what runs between us: a state that every event changes a little, and a picture of it. */
import type { HostEvent } from 'rx-libp2p';
import { printable } from '../terminal.js';

interface PeerRow {
  readonly agent: string;
  /** What the peer says that it speaks. */
  readonly protocols: number;
  readonly connections: ReadonlyMap<string, 'inbound' | 'outbound'>;
  /** Open streams and their protocols, by id. */
  readonly streams: ReadonlyMap<string, string>;
}
export type Peers = ReadonlyMap<string, PeerRow>;

export const NOBODY: Peers = new Map();
const NEW: PeerRow = { agent: '', protocols: 0, connections: new Map(), streams: new Map() };

/** For `scan`. A peer is there from its first connection to its last. */
export function follow(peers: Peers, event: HostEvent): Peers {
  switch (event.type) {
    case 'connection:open':
      return change(peers, event.peer, ({ connections }) => ({
        connections: new Map(connections).set(event.connectionId, event.direction),
      }));
    case 'connection:close':
      return change(peers, event.peer, ({ connections }) => ({
        connections: without(connections, event.connectionId),
      }));
    case 'peer:disconnect':
      return without(peers, event.peer);
    case 'peer:identify':
      return change(peers, event.peer, () => ({ agent: event.agent, protocols: event.protocols.length }));
    case 'stream:open':
      return change(peers, event.peer, ({ streams }) => ({
        streams: new Map(streams).set(event.streamId, event.protocol),
      }));
    case 'stream:close':
      return peers.has(event.peer)
        ? change(peers, event.peer, ({ streams }) => ({ streams: without(streams, event.streamId) }))
        : peers;
    default:
      return peers;
  }
}

function change(peers: Peers, peer: string, next: (row: PeerRow) => Partial<PeerRow>): Peers {
  const row = peers.get(peer) ?? NEW;
  return new Map(peers).set(peer, { ...row, ...next(row) });
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

const HEAD = ['peer', 'agent', 'speaks', 'connections', 'streams'];

/** One line a peer, `columns` wide at most; `colour` for a terminal. */
export function draw(peers: Peers, columns: number, colour: boolean): string {
  const rows = [...peers].map(([peer, row]) => cells(peer, row));
  const widths = HEAD.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
      .slice(0, columns);
  const head = line(HEAD);
  const body = rows.length === 0 ? ['nobody is connected'] : rows.map(line);
  return [colour ? `\u001b[1m${head}\u001b[0m` : head, ...body].join('\n');
}

function cells(peer: string, { agent, protocols, connections, streams }: PeerRow): string[] {
  const arrows = [...connections.values()].map((direction) => (direction === 'inbound' ? '<' : '>')).join('');
  const counts = new Map<string, number>();
  for (const protocol of streams.values()) counts.set(protocol, (counts.get(protocol) ?? 0) + 1);
  const open = [...counts].map(([protocol, count]) => `${printable(protocol)} ×${String(count)}`);
  return [
    `…${peer.slice(-8)}`,
    printable(agent),
    protocols === 0 ? '?' : `${String(protocols)} protocols`,
    arrows,
    open.length === 0 ? '–' : open.join(', '),
  ];
}
