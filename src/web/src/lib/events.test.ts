import { describe, expect, it } from 'vitest';
import { changes } from './events';

describe('events of a project', () => {
  it('are heard in whatever pieces they come', () => {
    const stream = 'retry: 2000\n\nevent: change\ndata: 7\n\n: still here\n\nevent: change\ndata: 12\n\n';
    for (let size = 1; size <= stream.length; size++) {
      const heard: string[] = [];
      let rest = '';
      for (let i = 0; i < stream.length; i += size) {
        const step = changes(rest + stream.slice(i, i + size));
        rest = step.rest;
        heard.push(...step.data);
      }
      expect(heard).toEqual(['7', '12']);
      expect(rest).toBe('');
    }
  });
});
