// What the user keeps in this library: collections, the star, notes, saved searches.

import * as api from '../api/client';
import type { Collection, SavedSearch } from '../api/types';
import { queryParams, type Query } from '../pure/query';
import type { Row } from '../pure/rows';
import { notices } from './notices.svelte';

export const FAVOURITES = 1;

/** Anything that knows which collections hold it; changed in place. */
type Held = Pick<Row, 'id' | 'start_s' | 'end_s' | 'name' | 'collections'>;

class Notebook {
  collections = $state<Collection[]>([]);
  searches = $state<SavedSearch[]>([]);

  async load(lib: string): Promise<void> {
    try {
      const [collections, searches] = await Promise.all([api.collections(lib), api.savedSearches(lib)]);
      this.collections = collections.collections;
      this.searches = searches.searches;
    } catch {
      this.collections = this.searches = []; // the page searches and plays without them
    }
  }

  async put(lib: string, collection: number, row: Held, wanted = !row.collections.includes(collection)): Promise<void> {
    try {
      if (wanted) await api.addToCollection(lib, collection, row);
      else await api.removeFromCollection(lib, collection, { id: row.id });
      row.collections = wanted ? [...new Set([...row.collections, collection])] : row.collections.filter((id) => id !== collection);
      const name = this.collections.find((one) => one.id === collection)?.name ?? 'the collection';
      notices.say(wanted ? `Added to ${name}` : `Taken out of ${name}`);
      await this.load(lib);
    } catch (error) {
      notices.fail(error);
    }
  }

  async make(lib: string, name: string): Promise<Collection | null> {
    try {
      const made = await api.makeCollection(lib, name);
      await this.load(lib);
      return made;
    } catch (error) {
      notices.fail(error);
      return null;
    }
  }

  async save(lib: string, name: string, query: Query): Promise<void> {
    const wanted = Object.entries(queryParams(query)).filter(
      ([, value]) => value !== null && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0),
    );
    try {
      await api.saveSearch(lib, name, Object.fromEntries(wanted));
      await this.load(lib);
      notices.say(`Saved “${name}”`);
    } catch (error) {
      notices.fail(error);
    }
  }

  async forget(lib: string, search: SavedSearch): Promise<void> {
    try {
      await api.deleteSearch(lib, search.id);
      await this.load(lib);
    } catch (error) {
      notices.fail(error);
    }
  }
}

export const notebook = new Notebook();
