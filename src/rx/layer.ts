import { Observable } from 'rxjs';
import type { Bytes, Duplex, PlainChannel, PlainReader, RoomWatcher } from '../core/duplex.js';
import { plainOf } from './plain.js';
import { SubscribedReader } from './subscribed-reader.js';

/** What stands on a channel for the time of a handshake, and is read both ways: by plain calls, and by subscribing. */
export abstract class Layer implements Duplex, PlainChannel {
  protected readonly channel: PlainChannel;
  private front: Front | undefined;

  constructor(protected readonly duplex: Duplex) {
    this.channel = plainOf(duplex);
  }

  get plain(): this {
    return this;
  }
  get sink(): Duplex['sink'] {
    return this.duplex.sink;
  }
  get room$(): Observable<boolean> {
    return this.duplex.room$;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return new Observable<Bytes>((subscriber) => {
      const reader = new SubscribedReader(this, subscriber, room$ === undefined);
      this.attach(reader);
      if (room$ !== undefined) reader.watch(room$);
      return reader;
    });
  }

  watchRoom(watcher: RoomWatcher): void {
    this.channel.watchRoom(watcher);
  }

  write(pieces: readonly Uint8Array[]): void {
    this.channel.write(pieces);
  }

  abstract attach(reader: PlainReader): void;

  pull(reader: PlainReader): void {
    this.channel.pull(this.frontOf(reader));
  }

  detach(reader: PlainReader): void {
    this.channel.detach(this.frontOf(reader));
  }

  /** Lets `front` read below in the place of its reader. */
  protected attachFront(front: Front): void {
    this.front = front;
    this.channel.attach(front);
  }

  private frontOf(reader: PlainReader): PlainReader {
    return this.front?.reader === reader ? this.front : reader;
  }
}

/** Reads in the place of another, which has its room and its end, and hands on what comes. */
export abstract class Front implements PlainReader {
  constructor(readonly reader: PlainReader) {}

  get hasRoom(): boolean {
    return this.reader.hasRoom;
  }
  get isOver(): boolean {
    return this.reader.isOver;
  }

  abstract onBytes(bytes: Bytes): void;

  onEnd(): void {
    this.reader.onEnd();
  }
  onFail(error: Error): void {
    this.reader.onFail(error);
  }
}
