/**
 * Looks over a protobuf message from the network before it is decoded: generated decoders forgive what must not be
 * forgiven, and allocate by what they are told. Linear in the message, allocates nothing.
 * @source protobuf encoding specification
 */
import { fromUtf8 } from './bytes.js';
import { Libp2pError } from './errors.js';

/** How a known field is written: a number of 32 or 64 bits, or bytes behind their length, which may have to be UTF-8. */
type FieldKind = 'number' | 'number64' | 'bytes' | 'text';

export interface ProtobufRules {
  /** What the message is, for errors. */
  readonly what: string;
  readonly maxBytes: number;
  /** Fields that the decoder knows. It reads them as what they are here, whatever the wire says. */
  readonly known: Readonly<Record<number, FieldKind>>;
  /** Fields that may appear once: in identity messages "the last one wins" would let two readers see two things. */
  readonly unique?: readonly number[];
}

const MAX_UNKNOWN_FIELDS = 256;
const MAX_FIELD_NUMBER = 2 ** 29 - 1;
const MAX_VARINT_BYTES = 10;
/** What a number of 32 bits takes; the decoder would cut a longer one off. */
const MAX_NUMBER_BYTES = 5;
const MAX_NUMBER = 2 ** 32 - 1;
const WIRE_TYPES: Readonly<Record<FieldKind, number>> = {
  number: 0,
  number64: 0,
  bytes: 2,
  text: 2,
};

const BELONGING: Readonly<Record<number, string>> = { 0: 'a number belongs', 2: 'bytes belong' };

/** Throws ERR_INVALID_PROTOBUF, naming the field and its offset. */
export function guardProtobuf(bytes: Uint8Array, rules: ProtobufRules): void {
  if (bytes.byteLength > rules.maxBytes) {
    throw new Libp2pError(
      'ERR_INVALID_PROTOBUF',
      'remote',
      `${rules.what} of ${String(bytes.byteLength)} bytes; ${String(rules.maxBytes)} are allowed`,
    );
  }
  const seen = new Set<number>();
  let unknown = 0;
  let offset = 0;
  while (offset < bytes.byteLength) {
    const { field, wireType, end } = readTag(bytes, offset, rules.what);
    const kind = rules.known[field];
    if (kind === undefined) {
      unknown += 1;
      if (unknown > MAX_UNKNOWN_FIELDS)
        throw bad(rules.what, `more than ${String(MAX_UNKNOWN_FIELDS)} unknown fields`, offset);
    } else {
      if (seen.has(field) && rules.unique?.includes(field) === true)
        throw bad(rules.what, `field ${String(field)} twice`, offset);
      seen.add(field);
      checkKnown(bytes, end, wireType, kind, nameOf(rules, field));
    }
    offset = skip(bytes, end, wireType, nameOf(rules, field));
  }
}

function nameOf({ what }: ProtobufRules, field: number): string {
  return `${what}, field ${String(field)}`;
}

function readTag(
  bytes: Uint8Array,
  offset: number,
  what: string,
): { readonly field: number; readonly wireType: number; readonly end: number } {
  const { value, end } = readVarint(bytes, offset, what);
  const field = Math.floor(value / 8);
  if (field === 0 || field > MAX_FIELD_NUMBER) throw bad(what, `field number ${String(field)}`, offset);
  return { field, wireType: value % 8, end };
}

function checkKnown(
  bytes: Uint8Array,
  offset: number,
  wireType: number,
  kind: FieldKind,
  what: string,
): void {
  if (wireType !== WIRE_TYPES[kind])
    throw bad(what, `wire type ${String(wireType)} where ${BELONGING[WIRE_TYPES[kind]] ?? ''}`, offset);
  const { value, end } = readVarint(bytes, offset, what);
  // The decoder makes up characters where it finds none.
  if (kind === 'text' && fromUtf8(bytes.subarray(end, end + value)) === undefined)
    throw bad(what, 'text that is not UTF-8', offset);
  const length = end - offset;
  if (kind === 'number' && (value > MAX_NUMBER || length > MAX_NUMBER_BYTES))
    throw bad(what, 'a number of more than 32 bits', offset);
  if (kind === 'number64' && !fitsIn64Bits(length, bytes[end - 1]))
    throw bad(what, 'a number of more than 64 bits', offset);
}

/** Nine bytes carry 63 bits; the tenth may have one more. The value itself is inexact up there. */
function fitsIn64Bits(byteLength: number, lastByte = 0): boolean {
  return byteLength < MAX_VARINT_BYTES || lastByte <= 1;
}

function skip(bytes: Uint8Array, offset: number, wireType: number, what: string): number {
  let end: number;
  if (wireType === 0) end = readVarint(bytes, offset, what).end;
  else if (wireType === 1) end = offset + 8;
  else if (wireType === 5) end = offset + 4;
  else if (wireType === 2) {
    const length = readVarint(bytes, offset, what);
    end = length.end + length.value;
  } else throw bad(what, `wire type ${String(wireType)}`, offset);
  if (end > bytes.byteLength)
    throw bad(what, `a value that ends ${String(end - bytes.byteLength)} bytes behind the message`, offset);
  return end;
}

/** Beyond 2^53 the value is inexact, but still larger than any message: all it is used for. */
function readVarint(
  bytes: Uint8Array,
  offset: number,
  what: string,
): { readonly value: number; readonly end: number } {
  let value = 0;
  let factor = 1;
  for (let read = 0; read < MAX_VARINT_BYTES; read += 1) {
    const byte = bytes[offset + read];
    if (byte === undefined) throw bad(what, 'a varint that is cut off', offset);
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) return { value, end: offset + read + 1 };
  }
  throw bad(what, `a varint of more than ${String(MAX_VARINT_BYTES)} bytes`, offset);
}

function bad(what: string, found: string, offset: number): Libp2pError {
  return new Libp2pError('ERR_INVALID_PROTOBUF', 'remote', `${what}: ${found}, at offset ${String(offset)}`);
}
