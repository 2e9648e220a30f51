import { type MemberRole, memberRole } from '@berth/contracts'

export const roleWords: Record<MemberRole, string> = {
  owner: 'Everything, and makes other owners',
  admin: 'Everything but making owners',
  developer: 'Runs servers, calls tools, keeps secrets and tokens',
  auditor: 'Reads everything, changes nothing',
}

/** The roles to choose from. */
export const roles = memberRole.options.map((value) => ({ value, label: value, hint: roleWords[value] }))
