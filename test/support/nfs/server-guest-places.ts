/** The number of the server guest in its network: what its addresses end with. */
export const SERVER_GUEST_NUMBER = 2;

/** Where a server guest has its disk. */
export const SERVER_DISK = '/mnt/disk';

/** The directory on it that it exports as `/pool`. */
export const SERVER_EXPORT = `${SERVER_DISK}/pool`;
