import type { Locator, Page } from 'playwright-core'

/** More controls than this nobody walks past with Tab. */
const mostSteps = 80

/** Somebody who has only a keyboard: gets to controls by Tab and arrows, and must always see where they are. */
export class Keyboard {
  private readonly page: Page

  private constructor(page: Page) {
    this.page = page
  }

  /** Before the page is opened, so that it is noticed should a pointer be used. */
  static async of(page: Page): Promise<Keyboard> {
    await page.addInitScript(() => {
      addEventListener('pointerdown', () => sessionStorage.setItem('pointer', 'used'), true)
    })
    return new Keyboard(page)
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key)
  }

  async pointerWasUsed(): Promise<boolean> {
    return this.page.evaluate(() => sessionStorage.getItem('pointer') !== null)
  }

  async fill(field: Locator, text: string): Promise<void> {
    await this.reach(field)
    await this.page.keyboard.type(text)
  }

  async activate(control: Locator): Promise<void> {
    await this.reach(control)
    await this.press('Enter')
  }

  /** Opens a choice, walks to an option and takes it. */
  async choose(choice: Locator, option: RegExp): Promise<void> {
    await this.activate(choice)
    const wanted = this.page.getByRole('option', { name: option })
    await wanted.waitFor()
    for (let step = 0; !(await isFocused(wanted)); step++) {
      if (step === mostSteps) throw new Error(`No key leads to the option ${option.source}`)
      await this.press((await isBehindFocus(wanted)) ? 'ArrowDown' : 'ArrowUp')
    }
    await this.press('Enter')
    await wanted.waitFor({ state: 'detached' })
  }

  /** Types into the palette, where what is offered first can be done, and takes what is called so. */
  async command(text: string, wanted: RegExp): Promise<void> {
    await this.press('Control+k')
    const box = this.page.getByRole('combobox', { name: 'Search or act' })
    await box.waitFor()
    await this.page.keyboard.type(text)
    const found = this.page.getByRole('option', { name: wanted })
    await found.waitFor()
    const offered = this.page.getByRole('option', { selected: true })
    if ((await offered.getAttribute('aria-disabled')) === 'true')
      throw new Error(`The palette offers first what cannot be done: ${await offered.textContent()}`)
    for (let step = 0; (await found.getAttribute('aria-selected')) !== 'true'; step++) {
      if (step === mostSteps) throw new Error(`No key leads to the command ${wanted.source}`)
      await this.press('ArrowDown')
    }
    await this.press('Enter')
    await box.waitFor({ state: 'detached' })
  }

  /** Goes to a control by Tab, or by arrows among tabs; fails when it cannot be got to, or not be seen to be there. */
  private async reach(control: Locator): Promise<void> {
    await control.waitFor()
    for (let step = 0; step < mostSteps; step++) {
      if (await isFocused(control)) return this.expectRing(control)
      const among = await control.evaluate((node) =>
        Boolean(
          node.getAttribute('role') === 'tab' &&
          node.closest('[role=tablist]')?.contains(document.activeElement),
        ),
      )
      await this.press(among ? 'ArrowRight' : 'Tab')
    }
    throw new Error(`No key leads to ${control.toString()}`)
  }

  private async expectRing(control: Locator): Promise<void> {
    const ring = await control.evaluate((node) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(node)
      return node.matches(':focus-visible') && outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0
    })
    if (!ring) throw new Error(`Nobody sees that ${control.toString()} has the focus`)
  }
}

const isFocused = (control: Locator) => control.evaluate((node) => node === document.activeElement)

const isBehindFocus = (control: Locator) =>
  control.evaluate((node) =>
    Boolean(
      document.activeElement!.compareDocumentPosition(node) &
      (Node.DOCUMENT_POSITION_FOLLOWING | Node.DOCUMENT_POSITION_CONTAINED_BY),
    ),
  )
