/**
 * Node.js does file operations, and looks up names, in four threads unless it is told otherwise: four operations on a disk that does not
 * answer would be the last ones of the whole program. A pool may have so many under way at once that several pools can hang.
 */
const FILE_THREADS = 64;

/**
 * Gives this process threads for file operations. Takes effect only before the first of them, so nothing may come before it. Keeps what
 * the operator has set.
 */
export function setFileThreads(): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(FILE_THREADS);
}
