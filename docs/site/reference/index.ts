import type { Page } from '../pages.ts'
import { commandPages } from './commands.ts'
import { errorsPage } from './errors.ts'
import { eventsPage } from './events.ts'
import { machinesPage } from './machines.ts'
import { notesPage } from './notes.ts'
import { permissionsPage } from './permissions.ts'
import { planFilePage } from './plan-file.ts'
import { settingsPage } from './settings.ts'

/** The pages that are made from the code, so that they cannot say something else. */
export function generatedPages(): Page[] {
  return [
    settingsPage(),
    notesPage(),
    errorsPage(),
    machinesPage(),
    permissionsPage(),
    eventsPage(),
    planFilePage(),
    ...commandPages(),
  ]
}
