import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface Ask {
    kind: Ask.Kind;
    key: string;
    value?: Uint8Array<ArrayBuffer>;
}
export declare namespace Ask {
    enum Kind {
        GET = "GET",
        PUT = "PUT",
        WATCH = "WATCH"
    }
    namespace Kind {
        const codec: () => Codec<Kind>;
    }
    const codec: () => Codec<Ask>;
    interface AskKindFieldEvent {
        field: '$.kind';
        value: Ask.Kind;
    }
    interface AskKeyFieldEvent {
        field: '$.key';
        value: string;
    }
    interface AskValueFieldEvent {
        field: '$.value';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Ask>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ask>): Ask;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ask>): Generator<AskKindFieldEvent | AskKeyFieldEvent | AskValueFieldEvent>;
}
export interface Answer {
    key: string;
    value?: Uint8Array<ArrayBuffer>;
}
export declare namespace Answer {
    const codec: () => Codec<Answer>;
    interface AnswerKeyFieldEvent {
        field: '$.key';
        value: string;
    }
    interface AnswerValueFieldEvent {
        field: '$.value';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Answer>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Answer>): Answer;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Answer>): Generator<AnswerKeyFieldEvent | AnswerValueFieldEvent>;
}
