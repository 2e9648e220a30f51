import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { deleteAccount } from './delete.ts'
import { changeEmail, confirmEmail, resendConfirmation } from './email.ts'
import { changePassword, forgotPassword, resetPassword } from './password.ts'
import { sessionsCommand } from './sessions.ts'
import { changeName, showAccount } from './show.ts'
import { totpCommand } from './totp.ts'

/** `mcpctl account` */
export function accountCommand(): Command {
  return noun('account', 'Your own account: name, e-mail, password, second factor, sign-ins', [
    showAccount(),
    changeName(),
    changeEmail(),
    confirmEmail(),
    resendConfirmation(),
    changePassword(),
    forgotPassword(),
    resetPassword(),
    sessionsCommand(),
    totpCommand(),
    deleteAccount(),
  ])
}
