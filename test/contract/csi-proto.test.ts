import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { describeProto, readCsiProto } from '../support/proto-shape.ts';

const MODULE = 'github.com/container-storage-interface/spec@v1.13.0';
const DOWNLOAD_DEADLINE_MS = 120_000;

/** The published file, from Go's module cache or through it; undefined when there is no Go. */
async function findPublishedProto(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', MODULE], {
      cwd: tmpdir(),
      timeout: DOWNLOAD_DEADLINE_MS,
    });
    const { Dir } = JSON.parse(stdout) as { readonly Dir: string };
    return await readFile(join(Dir, 'csi.proto'), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const published = await findPublishedProto();
const own = describeProto(readCsiProto());

describe('our csi.proto', () => {
  it('can be held against the published one, which needs Go under CI', (context) => {
    const sentence = 'Go is missing: install it, so that csi.proto can be compared with the published one.';
    context.skip(published === undefined && process.env['CI'] !== 'true', sentence);
    expect(published).toBeDefined();
  });

  if (published === undefined) return;
  const theirs = describeProto(published);

  it('declares the same things', () => {
    expect([...own.keys()].sort()).toEqual([...theirs.keys()].sort());
    expect(own.size).toBeGreaterThan(120);
  });

  it.each([...own.keys()])('has the same %s', (name) => {
    expect(own.get(name)).toEqual(theirs.get(name));
  });

  it('has sentences of its own', () => {
    const listComments = (text: string): readonly string[] =>
      text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line.startsWith('// '));
    const foreign = new Set(listComments(published));

    expect(listComments(readCsiProto()).filter((line) => foreign.has(line))).toEqual([]);
  });
});

describe('the comparison', () => {
  it.each([
    ['a field number', 'string vendor_version = 2;', 'string vendor_version = 4;'],
    ['a field name', 'string vendor_version = 2;', 'string version = 2;'],
    ['a field type', 'int64 capacity_bytes = 1;', 'int32 capacity_bytes = 1;'],
    ['a label', 'repeated Topology requisite = 1;', 'Topology requisite = 1;'],
    ['a map type', 'map<string, string> segments = 1;', 'map<string, bytes> segments = 1;'],
    ['presence', 'string message = 2;', 'optional string message = 2;'],
    ['a oneof', 'oneof access_type {', 'oneof access {'],
    ['secrecy', 'secrets = 5 [(csi_secret) = true];', 'secrets = 5;'],
    ['an alpha mark of a field', ' [(alpha_field) = true];', ';'],
    ['an alpha mark of a message', '  option (alpha_message) = true;', ''],
    ['an alpha mark of a method', '    option (alpha_method) = true;', ''],
    ['an alpha mark of a service', '  option (alpha_service) = true;', ''],
    ['an alpha mark of an enum value', ' [(alpha_enum_value) = true];', ';'],
    ['an enum value', 'MODIFY_VOLUME = 14;', 'MODIFY_VOLUME = 18;'],
    ['a reserved enum number', 'reserved 11;', ''],
    ['a reserved field number', '    reserved 2;', ''],
    ['a streaming answer', 'returns (stream GetMetadataDeltaResponse)', 'returns (GetMetadataDeltaResponse)'],
    ['an answer type', 'returns (ProbeResponse)', 'returns (GetPluginInfoResponse)'],
    ['a method', 'rpc Probe(ProbeRequest) returns (ProbeResponse) {}', ''],
    ['an extension number', 'csi_secret = 1059', 'csi_secret = 1061'],
    ['a file option', '/spec/lib/go/csi"', '/spec/lib/go"'],
    ['the package', 'package csi.v1;', 'package csi.v2;'],
  ])('notices %s', (_what, from, to) => {
    const changed = readCsiProto().replace(from, to);

    expect(changed).not.toBe(readCsiProto());
    expect(describeProto(changed)).not.toEqual(own);
  });
});
