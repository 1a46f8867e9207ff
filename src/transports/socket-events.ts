/**
 * What sockets tell their channels: by listeners that all sockets share, and by one buffer into which they are read one
 * after the other. Byte path (ADR 7; measured by `bench/`): a buffer for every read would be made, and thrown away again.
 */
import { Socket, type OnReadOpts } from 'node:net';
import type { Bytes } from '../core/duplex.js';

export interface SocketEvents {
  received(bytes: Bytes): void;
  /** Of bytes that are overwritten once this returns. */
  receivedShared(bytes: Bytes): void;
  ended(): void;
  broke(cause: Error): void;
  closed(): void;
}

/** Several messages of 48 KiB: what is read at once, the system is asked for once. */
const READ_BYTES = 256 * 1024;
/** Under which a socket knows its channel: the socket is ours, and its class is Node's, with no field for this. */
const CHANNEL = Symbol('channel');
interface KnownSocket extends Socket {
  [CHANNEL]: SocketEvents;
}

/** Paused, until somebody reads. */
export function tellOf(socket: Socket, channel: SocketEvents): void {
  (socket as KnownSocket)[CHANNEL] = channel;
  socket.pause();
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('error', onError);
  socket.on('close', onClose);
}

/** Others read from now on. */
export function leaveReading(socket: Socket): void {
  socket.off('data', onData);
  socket.off('end', onEnd);
  socket.pause();
}

const received = new Uint8Array(READ_BYTES);
/** An option for sockets that `tellOf` is called with: nothing is read before. */
export const readShared: OnReadOpts = {
  buffer: received,
  callback(this: Socket, byteLength: number) {
    channelOf(this).receivedShared(received.subarray(0, byteLength));
    return true;
  },
};

/**
 * A socket that was accepted, and from which nothing was read, to be read as one with `readShared`. Node has that option for
 * sockets that are dialed only, so this goes by what `net.Server` itself gives a socket; where that is not there, the
 * socket stays as it is, and costs a buffer a read.
 */
export function sharingReads(socket: Socket): Socket {
  const accepted = socket as { _handle?: { readonly useUserBuffer?: unknown } | null };
  const handle = accepted._handle;
  if (typeof handle?.useUserBuffer !== 'function') return socket;
  accepted._handle = null;
  socket.destroy();
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: readShared };
  return new Socket(options);
}

// Node may tell of a reset that comes right behind bytes as of an end: what an end means is the next layer's to know.
function onData(this: Socket, chunk: Buffer): void {
  // Node's buffers lie over an ArrayBuffer, never over shared memory.
  channelOf(this).received(new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength));
}
function onEnd(this: Socket): void {
  channelOf(this).ended();
}
function onError(this: Socket, cause: Error): void {
  channelOf(this).broke(cause);
}
function onClose(this: Socket): void {
  channelOf(this).closed();
}

function channelOf(socket: Socket): SocketEvents {
  // Whoever listens by these has set it.
  return (socket as KnownSocket)[CHANNEL];
}
