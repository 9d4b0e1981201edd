import { Link } from 'react-router';
import { api, signOut } from '../lib/api';
import { base as root } from '../lib/base';
import { useUser } from '../lib/here';
import type { Theme } from '../lib/kept';
import { useDensity, useTheme } from '../parts/choice';
import { HeadGlyph } from './glyph';
import { Popup } from './popup';

const themes: [Theme, string][] = [
  ['light', 'Light'],
  ['dark', 'Dark'],
  ['system', 'As the system'],
];

/** Account is what a person has: her pages, how she likes the page to look, help, and the way out. */
export function Account({ help, about }: { help: () => void; about: () => void }) {
  const user = useUser();
  const [theme, setTheme] = useTheme();
  const [density, setDensity] = useDensity();
  // The sign-in ends on the server, too. If that cannot be reached, it ends here all the same.
  const leave = () =>
    void api
      .remove('/user/session/current')
      .catch(() => {})
      .finally(() => signOut(false));
  return (
    <Popup
      name="Your account"
      className="at-end"
      face={
        <>
          <HeadGlyph of="person" />
          <span className="clip only-wide">{user.data?.name || user.data?.email || 'Account'}</span>
        </>
      }
    >
      {(close) => (
        <>
          <p className="pad">
            <strong>{user.data?.name}</strong>
            <span className="quiet who">{user.data?.email}</span>
          </p>
          <ul className="plain-list">
            <li>
              <Link to="/profile/user" onClick={close}>
                Profile
              </Link>
            </li>
            <li>
              <Link to="/profile/tokens" onClick={close}>
                Tokens
              </Link>
            </li>
            {user.data?.is_superadmin && (
              <li>
                <Link to="/admin/home" onClick={close}>
                  Administration
                </Link>
              </li>
            )}
          </ul>
          <fieldset className="segments">
            <legend>Theme</legend>
            {themes.map(([value, name]) => (
              <button key={value} type="button" aria-pressed={theme === value} onClick={() => setTheme(value)}>
                {name}
              </button>
            ))}
          </fieldset>
          <fieldset className="segments">
            <legend>Rows</legend>
            <button type="button" aria-pressed={density === 'roomy'} onClick={() => setDensity('roomy')}>
              Roomy
            </button>
            <button type="button" aria-pressed={density === 'dense'} onClick={() => setDensity('dense')}>
              Dense
            </button>
          </fieldset>
          <ul className="plain-list">
            <li>
              <button
                type="button"
                onClick={() => {
                  close();
                  help();
                }}
              >
                Keyboard <kbd>?</kbd>
              </button>
            </li>
            <li>
              <a href={root + '/api/ui/'}>API</a>
            </li>
            <li>
              <button
                type="button"
                onClick={() => {
                  close();
                  about();
                }}
              >
                About Ibutsu
              </button>
            </li>
            <li>
              <button type="button" onClick={leave}>
                Sign out
              </button>
            </li>
          </ul>
        </>
      )}
    </Popup>
  );
}
