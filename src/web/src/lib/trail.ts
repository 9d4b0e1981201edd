/** A list that somebody came from: [ and ] keep to it, and there is a way back. */
export interface Trail {
  title: string;
  back: string;
  ids: string[];
}

const key = 'trail';

/** trail keeps in this tab which list was looked at last. */
export const trail = {
  keep: (t: Trail): void => {
    try {
      sessionStorage.setItem(key, JSON.stringify({ ...t, ids: t.ids.slice(0, 5000) }));
    } catch {
      /* a full store keeps the old one, and the run's failures are there in any case */
    }
  },
  /** of is the list that has a result, if that is where one came from. */
  of: (id: string): Trail | null => {
    try {
      const t = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Trail | null;
      return t?.ids.includes(id) ? t : null;
    } catch {
      return null;
    }
  },
};
