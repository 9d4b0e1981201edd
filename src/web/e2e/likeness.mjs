// What tests leave behind when they fail, as it looks in real life.
import { crc32, deflateSync } from 'node:zlib';

const errors = [
  ['TimeoutError', 'waited 30 s for payment 4711'],
  ['AssertionError', "expected 'paid', got 'open'"],
  ['KeyError', "'currency'"],
];

/** failure is the exception, the message and the traceback of a test, with frames of libraries between its own. */
export function failure(kind, file, line) {
  const [exception, message] = errors[kind];
  const library = '/opt/venv/lib/python3.12/site-packages';
  const traceback = [
    `${file}:${line}: in test_pay`,
    '    order = shop.checkout(basket, card)',
    'shop/checkout.py:88: in checkout',
    '    receipt = self.bank.charge(order.total, card, idempotency_key=order.key)',
    'shop/bank.py:41: in charge',
    '    answer = self.session.post(self.url + "/charge", json=body, timeout=30)',
    `${library}/requests/sessions.py:637: in post`,
    '    return self.request("POST", url, data=data, json=json, **kwargs)',
    `${library}/requests/sessions.py:589: in request`,
    '    resp = self.send(prep, **send_kwargs)',
    `${library}/requests/adapters.py:667: in send`,
    '    resp = conn.urlopen(',
    `${library}/urllib3/connectionpool.py:787: in urlopen`,
    '    response = self._make_request(',
    'shop/bank.py:63: in settled',
    '    raise refuse(answer)',
    `E   ${exception}: ${message}`,
    'E     at the bank: order 9f31, attempt 2',
  ];
  return { exception, message, traceback: traceback.join('\n') };
}

const seconds = (n) => new Date(1.7e12 + n * 1000).toISOString().slice(11, 23);

/** log is what such a test wrote while it ran. */
export const log = (file, line, { exception, message }) =>
  [
    ...Array.from(
      { length: 40 },
      (_, n) => `${seconds(n)} \x1b[36mDEBUG\x1b[0m shop.bank: poll ${n + 1}: order 9f31 is still open`,
    ),
    `${seconds(41)} \x1b[33mWARN\x1b[0m  shop.bank: the bank asks for patience`,
    `${seconds(42)} \x1b[1m${file}\x1b[0m:${line}: in test_pay`,
    `\x1b[31mE   ${exception}: ${message}\x1b[0m`,
    '',
  ].join('\n');

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const size = Buffer.alloc(4);
  const sum = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([size, body, sum]);
}

/** picture is a PNG that looks like a page of a shop from far away. */
export function picture(width = 640, height = 360) {
  const rows = [];
  for (let y = 0; y < height; y++) {
    const row = Buffer.alloc(1 + width * 3, 245);
    row[0] = 0;
    for (let x = 0; x < width; x++) {
      const card = y > 70 && y < 300 && x % 210 > 20 && x % 210 < 190;
      const [r, g, b] = y < 40 ? [29, 53, 87] : card ? (y < 220 ? [168, 203, 214] : [255, 255, 255]) : [241, 246, 248];
      row.set([r, g, b], 1 + x * 3);
    }
    rows.push(row);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
