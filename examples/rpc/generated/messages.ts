import { decodeMessage, encodeMessage, message, streamMessage } from 'protons-runtime';
import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';

export interface Request {
  text: string;
}

export namespace Request {
  let _codec: Codec<Request>;

  export const codec = (): Codec<Request> => {
    if (_codec == null) {
      _codec = message<Request>(
        (obj, w, opts = {}) => {
          if (opts.lengthDelimited !== false) {
            w.fork();
          }

          if (obj.text != null && obj.text !== '') {
            w.uint32(10);
            w.string(obj.text);
          }

          if (opts.lengthDelimited !== false) {
            w.ldelim();
          }
        },
        (reader, length, opts = {}) => {
          const obj: any = {
            text: '',
          };

          const end = length == null ? reader.len : reader.pos + length;

          while (reader.pos < end) {
            const tag = reader.uint32();

            switch (tag >>> 3) {
              case 1: {
                obj.text = reader.string();
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
                  field: `${prefix}.text`,
                  value: reader.string(),
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

  export interface RequestTextFieldEvent {
    field: '$.text';
    value: string;
  }

  export function encode(obj: Partial<Request>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Request.codec());
  }

  export function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Request>): Request {
    return decodeMessage(buf, Request.codec(), opts);
  }

  export function stream(
    buf: Uint8Array | Uint8ArrayList,
    opts?: DecodeOptions<Request>,
  ): Generator<RequestTextFieldEvent> {
    return streamMessage(buf, Request.codec(), opts);
  }
}

export interface Response {
  words: number;
  letters: number;
  error: string;
}

export namespace Response {
  let _codec: Codec<Response>;

  export const codec = (): Codec<Response> => {
    if (_codec == null) {
      _codec = message<Response>(
        (obj, w, opts = {}) => {
          if (opts.lengthDelimited !== false) {
            w.fork();
          }

          if (obj.words != null && obj.words !== 0) {
            w.uint32(8);
            w.uint32(obj.words);
          }

          if (obj.letters != null && obj.letters !== 0) {
            w.uint32(16);
            w.uint32(obj.letters);
          }

          if (obj.error != null && obj.error !== '') {
            w.uint32(26);
            w.string(obj.error);
          }

          if (opts.lengthDelimited !== false) {
            w.ldelim();
          }
        },
        (reader, length, opts = {}) => {
          const obj: any = {
            words: 0,
            letters: 0,
            error: '',
          };

          const end = length == null ? reader.len : reader.pos + length;

          while (reader.pos < end) {
            const tag = reader.uint32();

            switch (tag >>> 3) {
              case 1: {
                obj.words = reader.uint32();
                break;
              }
              case 2: {
                obj.letters = reader.uint32();
                break;
              }
              case 3: {
                obj.error = reader.string();
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
                  field: `${prefix}.words`,
                  value: reader.uint32(),
                };
                break;
              }
              case 2: {
                yield {
                  field: `${prefix}.letters`,
                  value: reader.uint32(),
                };
                break;
              }
              case 3: {
                yield {
                  field: `${prefix}.error`,
                  value: reader.string(),
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

  export interface ResponseWordsFieldEvent {
    field: '$.words';
    value: number;
  }

  export interface ResponseLettersFieldEvent {
    field: '$.letters';
    value: number;
  }

  export interface ResponseErrorFieldEvent {
    field: '$.error';
    value: string;
  }

  export function encode(obj: Partial<Response>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Response.codec());
  }

  export function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Response>): Response {
    return decodeMessage(buf, Response.codec(), opts);
  }

  export function stream(
    buf: Uint8Array | Uint8ArrayList,
    opts?: DecodeOptions<Response>,
  ): Generator<ResponseWordsFieldEvent | ResponseLettersFieldEvent | ResponseErrorFieldEvent> {
    return streamMessage(buf, Response.codec(), opts);
  }
}
