import { guardProtobuf, type ProtobufRules } from '../../src/core/protobuf-guard.js';
import { codeThrownBy, fromHex } from '../support/vectors.js';

const rules: ProtobufRules = {
  what: 'message',
  maxBytes: 4096,
  known: { 1: 'number', 2: 'bytes' },
  unique: [1],
};
const check = (hex: string): string | undefined =>
  codeThrownBy(() => {
    guardProtobuf(fromHex(hex), rules);
  });

describe('guardProtobuf', () => {
  it.each([
    ['nothing at all', ''],
    ['known fields', '0801120161'],
    ['an unknown field of each legal wire type', '1801190000000000000000220161350000000045000000004801'],
    ['a non-minimal varint, which protobuf allows', '088100'],
    ['a repeated field that may repeat', '1201611201611200'],
    ['256 unknown fields', '1800'.repeat(256)],
  ])('lets %s pass', (_, hex) => {
    expect(check(hex)).toBeUndefined();
  });

  it.each([
    ['field number 0', '0001'],
    ['a field number beyond 2^29 - 1', '808080801001'],
    ['the start of a group', '0b'],
    ['the end of a group', '0c'],
    ['wire type 6', '0e'],
    ['wire type 7', '0f'],
    ['a varint of eleven bytes', `08${'ff'.repeat(10)}01`],
    ['a varint that is cut off', '08ff'],
    ['a length beyond the message', '120561'],
    ['a length that wraps in 32 bits', '1281808080100000'],
    ['a fixed value that is cut off', '0900000000'],
    ['a unique field twice', '08010802'],
    ['257 unknown fields', '1800'.repeat(257)],
    ['more bytes than allowed', '1800'.repeat(2049)],
  ])('refuses %s', (_, hex) => {
    expect(check(hex)).toBe('ERR_INVALID_PROTOBUF');
  });

  it('names the field and the offset', () => {
    expect(() => {
      guardProtobuf(fromHex('0801120561'), rules);
    }).toThrow('message, field 2: a value that ends 4 bytes behind the message, at offset 3');
  });
});

describe('a number of 64 bits', () => {
  const guard = (...bytes: number[]): void => {
    guardProtobuf(Uint8Array.of(0x08, ...bytes), { what: 'test', maxBytes: 100, known: { 1: 'number64' } });
  };
  const nine = new Array<number>(9).fill(0xff);

  it('may have all 64, and not one more', () => {
    expect(() => {
      guard(...nine, 0x01);
    }).not.toThrow();
    expect(() => {
      guard(...nine, 0x02);
    }).toThrow('test, field 1: a number of more than 64 bits, at offset 1');
  });

  it('is no bytes', () => {
    const bytes = Uint8Array.of(0x0a, 0);
    expect(() => {
      guardProtobuf(bytes, { what: 'test', maxBytes: 100, known: { 1: 'number64' } });
    }).toThrow('wire type 2 where a number belongs');
  });
});
