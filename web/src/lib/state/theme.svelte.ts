// Dark or light: the system's, until someone chooses. `public/theme.js` does the same before the first paint.

type Theme = 'dark' | 'light';

class ThemeState {
  now = $state<Theme>(document.documentElement.dataset.theme === 'light' ? 'light' : 'dark');

  constructor() {
    window.matchMedia('(prefers-color-scheme: light)').addEventListener('change', (event) => {
      if (!this.#chosen()) this.#show(event.matches ? 'light' : 'dark');
    });
  }

  toggle(): void {
    this.#show(this.now === 'dark' ? 'light' : 'dark');
    try {
      localStorage.setItem('hearken.theme', this.now);
    } catch {
      // the choice lasts as long as the page
    }
  }

  #chosen(): boolean {
    try {
      return localStorage.getItem('hearken.theme') !== null;
    } catch {
      return false;
    }
  }

  #show(theme: Theme): void {
    this.now = theme;
    document.documentElement.dataset.theme = theme;
  }
}

export const theme = new ThemeState();
