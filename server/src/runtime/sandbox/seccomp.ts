/**
 * The sandbox's system call filter: a classic BPF program in the layout that bubblewrap's `--seccomp` reads.
 *
 * A denylist, because hosted servers are arbitrary programs: what is not dangerous stays. It stands behind the
 * namespaces (which already take the powers away) and also holds where bubblewrap is too old for `--disable-userns`.
 */
import { denied, restricted, type SandboxArch } from './syscalls.ts'

const auditArch: Record<SandboxArch, number> = { x64: 0xc000003e, arm64: 0xc00000b7 }

const EPERM = 1
const ENOSYS = 38
const EAFNOSUPPORT = 97

const ALLOW = 0x7fff0000
const KILL_PROCESS = 0x80000000
const errno = (code: number) => 0x00050000 | code

// Every CLONE_NEW* flag that clone can carry.
const NAMESPACE_FLAGS = 0x7e020000
const TIOCSTI = 0x5412
const TIOCLINUX = 0x541c
// AF_UNIX, AF_INET, AF_INET6, AF_NETLINK (getifaddrs). AF_VSOCK and AF_ALG, for instance, know no network namespace.
const SOCKET_FAMILIES = [1, 2, 10, 16]

// Offsets into struct seccomp_data.
const NR = 0
const ARCH = 4
const argument = (index: number) => 16 + 8 * index

type Instruction = [code: number, jumpTrue: number, jumpFalse: number, value: number]
const load = (offset: number): Instruction => [0x20, 0, 0, offset]
const ret = (value: number): Instruction => [0x06, 0, 0, value]
/** The next `skip` instructions run only when the loaded word equals `value` / does not / is at least / has a bit of it. */
const ifEqual = (value: number, skip = 1): Instruction => [0x15, 0, skip, value]
const ifNotEqual = (value: number, skip = 1): Instruction => [0x15, skip, 0, value]
const ifAtLeast = (value: number, skip = 1): Instruction => [0x35, 0, skip, value]
const ifAnyBit = (value: number, skip = 1): Instruction => [0x45, 0, skip, value]

/** The filter for a processor, or null for one we have no system call table for (seccomp is then reported as off). */
export function seccompFilter(arch: string): Buffer | null {
  if (arch !== 'x64' && arch !== 'arm64') return null
  const column = arch === 'x64' ? 0 : 1
  const numbers = Object.values(denied)
    .map((row) => row[column])
    .filter((nr) => nr >= 0)
  const families = SOCKET_FAMILIES.map((family, at): Instruction => [
    0x15,
    SOCKET_FAMILIES.length - at,
    0,
    family,
  ])
  return encode([
    load(ARCH),
    ifNotEqual(auditArch[arch]),
    ret(KILL_PROCESS),
    load(NR),
    // The x32 table repeats every call under other numbers.
    ...(arch === 'x64' ? [ifAtLeast(0x40000000), ret(errno(ENOSYS))] : []),
    ...numbers.flatMap((nr) => [ifEqual(nr), ret(errno(EPERM))]),
    ifEqual(restricted.clone3[column]),
    ret(errno(ENOSYS)),
    ifEqual(restricted.clone[column], 4),
    load(argument(0)),
    ifAnyBit(NAMESPACE_FLAGS),
    ret(errno(EPERM)),
    ret(ALLOW),
    ifEqual(restricted.ioctl[column], 6),
    load(argument(1)),
    ifEqual(TIOCSTI),
    ret(errno(EPERM)),
    ifEqual(TIOCLINUX),
    ret(errno(EPERM)),
    ret(ALLOW),
    ifEqual(restricted.socket[column], families.length + 3),
    load(argument(0)),
    ...families,
    ret(errno(EAFNOSUPPORT)),
    ret(ALLOW),
    ret(ALLOW),
  ])
}

function encode(program: Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8)
  program.forEach(([code, jumpTrue, jumpFalse, value], index) => {
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(jumpTrue, index * 8 + 2)
    bytes.writeUInt8(jumpFalse, index * 8 + 3)
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4)
  })
  return bytes
}
