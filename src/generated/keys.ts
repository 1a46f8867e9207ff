import { decodeMessage, encodeMessage, message, streamMessage } from 'protons-runtime';
import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';

export interface KeyMessage {
  type?: number;
  data?: Uint8Array<ArrayBuffer>;
}

export namespace KeyMessage {
  let _codec: Codec<KeyMessage>;

  export const codec = (): Codec<KeyMessage> => {
    if (_codec == null) {
      _codec = message<KeyMessage>(
        (obj, w, opts = {}) => {
          if (opts.lengthDelimited !== false) {
            w.fork();
          }

          if (obj.type != null) {
            w.uint32(8);
            w.uint32(obj.type);
          }

          if (obj.data != null) {
            w.uint32(18);
            w.bytes(obj.data);
          }

          if (opts.lengthDelimited !== false) {
            w.ldelim();
          }
        },
        (reader, length, opts = {}) => {
          const obj: any = {};

          const end = length == null ? reader.len : reader.pos + length;

          while (reader.pos < end) {
            const tag = reader.uint32();

            switch (tag >>> 3) {
              case 1: {
                obj.type = reader.uint32();
                break;
              }
              case 2: {
                obj.data = reader.bytes();
                break;
              }
              default: {
                reader.skipType(tag & 7);
                break;
              }
            }
          }

          return obj;
        },
        function* (reader, length, prefix, opts = {}) {
          const end = length == null ? reader.len : reader.pos + length;

          while (reader.pos < end) {
            const tag = reader.uint32();

            switch (tag >>> 3) {
              case 1: {
                yield {
                  field: `${prefix}.type`,
                  value: reader.uint32(),
                };
                break;
              }
              case 2: {
                yield {
                  field: `${prefix}.data`,
                  value: reader.bytes(),
                };
                break;
              }
              default: {
                reader.skipType(tag & 7);
                break;
              }
            }
          }
        },
      );
    }

    return _codec;
  };

  export interface KeyMessageTypeFieldEvent {
    field: '$.type';
    value: number;
  }

  export interface KeyMessageDataFieldEvent {
    field: '$.data';
    value: Uint8Array<ArrayBuffer>;
  }

  export function encode(obj: Partial<KeyMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, KeyMessage.codec());
  }

  export function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<KeyMessage>): KeyMessage {
    return decodeMessage(buf, KeyMessage.codec(), opts);
  }

  export function stream(
    buf: Uint8Array | Uint8ArrayList,
    opts?: DecodeOptions<KeyMessage>,
  ): Generator<KeyMessageTypeFieldEvent | KeyMessageDataFieldEvent> {
    return streamMessage(buf, KeyMessage.codec(), opts);
  }
}
