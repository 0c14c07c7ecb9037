import { nodeFiles, type StoreFiles } from '../../src/filestore/store-files.ts';

/** Says, for each call of a file system, what becomes of it. */
export type CallFate = (call: keyof StoreFiles, path: string) => 'answered' | 'answer-lost';

/**
 * The calls of this machine over a network that loses answers: the call is carried out, and then once more, as a network file system sends it again; what is answered is the
 * second outcome.
 */
export function createLossyFiles(decide: CallFate): StoreFiles {
  const carryOut = async (call: keyof StoreFiles, path: string, work: () => Promise<void>): Promise<void> => {
    if (decide(call, path) === 'answer-lost') await work();
    await work();
  };
  return {
    rename: (source, target) => carryOut('rename', target, () => nodeFiles.rename(source, target)),
    link: (existing, path) => carryOut('link', path, () => nodeFiles.link(existing, path)),
    makeDirectory: (path) => carryOut('makeDirectory', path, () => nodeFiles.makeDirectory(path)),
    removeDirectory: (path) => carryOut('removeDirectory', path, () => nodeFiles.removeDirectory(path)),
    touch: (path, time) => carryOut('touch', path, () => nodeFiles.touch(path, time)),
  };
}
