#!/usr/bin/env python3
"""tracker.py DIR [--comments N] [--plant TEXT] [--tls CERT KEY]

An issue tracker on loopback, for tests: GitHub's API under /, Gitea's under
/api/v1, with one memory for both. Each request and each of its own answers is
held against tests/contracts/; what is wrong with one stands in DIR/violations,
which a test must find empty.

The port is its first line of output and stands in DIR/port.

DIR/log         one JSON line a request, before it is answered
DIR/comments    one JSON line a comment, after each change
DIR/violations  one line for each breach of a contract
DIR/reset       made by a test: forget everything at the next request
DIR/faults      JSON lines, read again for each request, in order:
                {"method": "POST", "path": "comments$", "times": 1,
                 "skip": 0, "do": "reset"}   do: see class Faults

Users by token: alice-token, mallory-token, reader-token (may not write),
runner-token (may not ask who it is). Issues: acme/shop 42; 43 is locked; in
acme/silent issues are off.
"""

import argparse
import datetime
import http.server
import json
import os
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

CONTRACTS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                         '..', 'contracts')
USERS = {
    'alice-token': ('alice', 11),
    'mallory-token': ('mallory', 66),
    'reader-token': ('reader', 77),
    'runner-token': ('github-actions[bot]', 41898282),
}
GITHUB_MOST = 65536


# --- contracts ----------------------------------------------------------------

class Contract:
    """One OpenAPI document. Knows the keywords that ours use, and no others."""

    IGNORED = {'title', 'description'}

    def __init__(self, name):
        with open(os.path.join(CONTRACTS, name + '.json')) as f:
            self.document = json.load(f)
        self.routes = []
        for template, methods in self.document['paths'].items():
            pattern = re.sub(r'\{(\w+)\}', r'(?P<\1>[^/]+)', template)
            self.routes.append((re.compile(pattern + '$'), template, methods))

    def find(self, path):
        for pattern, template, methods in self.routes:
            match = pattern.match(path)
            if match:
                return template, methods, match.groupdict()
        return None, None, None

    def check(self, schema, value, where='body'):
        """What is wrong with the value, one text each."""
        if '$ref' in schema:
            name = schema['$ref'].rsplit('/', 1)[1]
            return self.check(self.document['components']['schemas'][name],
                              value, where)
        if value is None and schema.get('nullable'):
            return []
        wrong = []
        for keyword, argument in schema.items():
            if keyword in self.IGNORED or keyword == 'nullable':
                continue
            check = getattr(self, 'check_' + keyword, None)
            if check is None:
                raise SystemExit('unknown keyword in a contract: ' + keyword)
            wrong += check(argument, value, where)
        for name, member in schema.get('properties', {}).items():
            if isinstance(value, dict) and name in value:
                wrong += self.check(member, value[name], where + '.' + name)
        if schema.get('additionalProperties') is False:
            wrong += ['%s.%s: not in the contract' % (where, name)
                      for name in value if name not in schema['properties']]
        return wrong

    def check_type(self, kind, value, where):
        kinds = {'object': dict, 'array': list, 'string': str,
                 'boolean': bool, 'integer': int, 'number': (int, float)}
        right = isinstance(value, kinds[kind]) and not (
            kind in ('integer', 'number') and isinstance(value, bool))
        return [] if right else ['%s: no %s' % (where, kind)]

    def check_required(self, names, value, where):
        return ['%s.%s: missing' % (where, n) for n in names if n not in value]

    def check_enum(self, values, value, where):
        return [] if value in values else ['%s: not one of %s' % (where, values)]

    def check_items(self, schema, value, where):
        return [w for i, item in enumerate(value)
                for w in self.check(schema, item, '%s[%d]' % (where, i))]

    def check_oneOf(self, schemas, value, where):
        if sum(not self.check(s, value, where) for s in schemas) == 1:
            return []
        return ['%s: not exactly one of the alternatives' % where]

    def check_anyOf(self, schemas, value, where):
        if any(not self.check(s, value, where) for s in schemas):
            return []
        return ['%s: none of the alternatives' % where]

    def check_format(self, name, value, where):
        if name in ('int64', 'int32'):
            return [] if isinstance(value, int) else [where + ': no integer']
        patterns = {
            'date-time': r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?'
                         r'(Z|[+-]\d\d:\d\d)$',
            'uri': r'https?://[^\s]+$',
            'email': r'[^@\s]+@[^@\s]+$',
        }
        if name not in patterns or re.match(patterns[name], value):
            return []
        return ['%s: no %s' % (where, name)]

    def check_properties(self, _argument, _value, _where):
        return []

    check_additionalProperties = check_properties

    def check_parameter(self, parameter, text):
        schema = parameter['schema']
        where = 'parameter ' + parameter['name']
        if schema.get('type') == 'integer':
            if not re.match(r'\d+$', text):
                return [where + ': no integer']
            return self.check(schema, int(text), where)
        return self.check(schema, text, where)


# --- the tracker's memory -----------------------------------------------------

def stamp(seconds=None):
    moment = datetime.datetime.fromtimestamp(
        time.time() if seconds is None else seconds, datetime.timezone.utc)
    return moment.strftime('%Y-%m-%dT%H:%M:%SZ')


class Memory:
    def __init__(self, directory):
        self.directory = directory
        self.comments = []
        self.next_id = 1000
        self.lock = threading.RLock()

    def add(self, user, body, issue='acme/shop#42', when=None):
        with self.lock:
            self.next_id += 1
            comment = {'id': self.next_id, 'user': user, 'body': body,
                       'issue': issue, 'created': stamp(when),
                       'updated': stamp(when), 'edits': 0}
            self.comments.append(comment)
            return comment

    def reset(self):
        """True when the test asked for it."""
        try:
            os.unlink(os.path.join(self.directory, 'reset'))
        except FileNotFoundError:
            return False
        with self.lock:
            self.comments = []
            self.next_id = 1000
        return True

    def save(self):
        with self.lock:
            path = os.path.join(self.directory, 'comments')
            with open(path + '.new', 'w') as f:
                for comment in self.comments:
                    f.write(json.dumps(comment) + '\n')
            os.rename(path + '.new', path)

    def note(self, name, line):
        with self.lock, open(os.path.join(self.directory, name), 'a') as f:
            f.write(line + '\n')

    def violation(self, line):
        self.note('violations', line)


# --- faults -------------------------------------------------------------------

class Faults:
    """What a request is to meet instead of an answer, or besides it.

    reset           the connection breaks before anything was done
    store-reset     it breaks after the request was carried out
    twin            another machine posts the same just before
    late            504 now, carried out a second later
    slow            answers after "seconds"
    status          "status", "headers", "json" or "text" (with "type")
    store-status    the same, but carried out
    redirect        "status" to "to" (a path that begins with /moved is
                    answered as the path behind it)
    endless         an answer without end
    truncated       half of the answer, then the connection breaks
    bad-links       links to pages at another host
    no-links        no links to pages at all
    """

    def __init__(self, directory):
        self.path = os.path.join(directory, 'faults')
        self.used = {}

    def find(self, method, path):
        if not os.path.exists(self.path):
            return None
        with open(self.path) as f:
            for number, line in enumerate(f):
                if not line.strip():
                    continue
                fault = json.loads(line)
                if fault.get('method', method) != method:
                    continue
                if not re.search(fault.get('path', ''), path):
                    continue
                key = (number, line)
                seen = self.used[key] = self.used.get(key, 0) + 1
                skip = fault.get('skip', 0)
                if skip < seen <= skip + fault.get('times', 1):
                    return fault
        return None


class Broken(Exception):
    pass


# --- what each tracker looks like ---------------------------------------------

class GitHub:
    name = 'github'
    prefix = ''
    scheme = 'Bearer'
    accept = 'application/vnd.github+json'

    def user(self, base, name, number):
        home = base + '/users/' + name
        words = ('followers', 'following', 'gists', 'starred', 'subscriptions',
                 'organizations', 'repos', 'events', 'received_events')
        user = {w + '_url': home + '/' + w for w in words}
        user.update({
            'login': name, 'id': number, 'node_id': 'U_%d' % number,
            'avatar_url': home + '.png', 'gravatar_id': '', 'url': home,
            'html_url': base + '/' + name, 'type': 'User',
            'site_admin': False})
        return user

    def whoami(self, base, name, number):
        user = self.user(base, name, number)
        user.update({k: None for k in (
            'bio', 'blog', 'company', 'email', 'hireable', 'location', 'name')})
        user.update({k: 0 for k in (
            'followers', 'following', 'public_gists', 'public_repos')})
        user.update({'created_at': stamp(0), 'updated_at': stamp(0)})
        return user

    def comment(self, base, c):
        repo, number = c['issue'].split('#')
        ids = {n: i for n, i in USERS.values()}
        return {
            'id': c['id'], 'node_id': 'IC_%d' % c['id'], 'body': c['body'],
            'url': '%s/repos/%s/issues/comments/%d' % (base, repo, c['id']),
            'html_url': '%s/%s/issues/%s#issuecomment-%d' % (
                base, repo, number, c['id']),
            'issue_url': '%s/repos/%s/issues/%s' % (base, repo, number),
            'user': self.user(base, c['user'], ids.get(c['user'], 5)),
            'created_at': c['created'], 'updated_at': c['updated'],
            'author_association': 'MEMBER'}

    def error(self, status, message, errors=None):
        body = {'message': message, 'documentation_url':
                'https://docs.github.com/rest', 'status': str(status)}
        if errors:
            body['errors'] = errors
        return body

    def pages(self, query, comments):
        size = min(int(query.get('per_page', '30')), 100)
        page = int(query.get('page', '1'))
        last = max(1, (len(comments) + size - 1) // size)
        return comments[(page - 1) * size:page * size], page, last

    def too_long(self, text):
        return len(text) > GITHUB_MOST


class Gitea(GitHub):
    name = 'gitea'
    prefix = '/api/v1'
    scheme = 'token'
    accept = 'application/json'

    def user(self, base, name, number):
        return {'id': number, 'login': name, 'login_name': '', 'full_name': '',
                'email': name + '@noreply.example', 'avatar_url': base + '/a',
                'language': '', 'is_admin': False, 'active': True,
                'created': stamp(0), 'last_login': stamp(0)}

    whoami = user

    def comment(self, base, c):
        repo, number = c['issue'].split('#')
        ids = {n: i for n, i in USERS.values()}
        # it writes its own time zone
        zone = c['created'].replace('Z', '+00:00')
        return {
            'id': c['id'], 'body': c['body'], 'assets': [],
            'html_url': '%s/%s/issues/%s#issuecomment-%d' % (
                base, repo, number, c['id']),
            'issue_url': '%s/%s/issues/%s' % (base, repo, number),
            'pull_request_url': '', 'original_author': '',
            'original_author_id': 0,
            'user': self.user(base, c['user'], ids.get(c['user'], 5)),
            'created_at': zone, 'updated_at': c['updated']}

    def error(self, status, message, errors=None):
        return {'message': message, 'url': 'https://example.org/api/swagger',
                'errors': errors or []}

    def pages(self, query, comments):
        return comments, 1, 1

    def too_long(self, text):
        return False


# --- the server ---------------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version = 'checking-tracker'
    timeout = 60

    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        self.handle_one('GET')

    def do_POST(self):
        self.handle_one('POST')

    def do_PATCH(self):
        self.handle_one('PATCH')

    def do_PUT(self):
        self.handle_one('PUT')

    def do_DELETE(self):
        self.handle_one('DELETE')

    def handle_one(self, method):
        try:
            self.answer_one(method)
        except Broken:
            self.close_connection = True
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            self.connection.close()
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def answer_one(self, method):
        if self.server.memory.reset():
            self.server.faults.used = {}
        self.method = method
        self.target = self.path
        if self.path.startswith('/moved'):
            self.target = self.path[len('/moved'):]
        parts = urllib.parse.urlsplit(self.target)
        self.route = parts.path
        self.style = (Gitea() if parts.path.startswith('/api/v1/')
                      else GitHub())
        self.contract = self.server.contracts[self.style.name]
        self.extra = {}
        self.breach = lambda text: self.server.memory.violation(
            '%s %s: %s' % (method, self.path, text))
        length = int(self.headers.get('Content-Length') or 0)
        raw = self.rfile.read(length) if length else b''
        self.server.memory.note('log', json.dumps({
            'method': method, 'path': self.path, 'at': time.monotonic(),
            'authorization': 'Authorization' in self.headers,
            'peer': self.client_address[1]}))
        fault = self.server.faults.find(method, self.path)
        status, body = self.process(parts, raw, fault)
        self.server.memory.save()
        self.check_answer(status, body, fault)
        self.reply(status, body, fault)

    # --- requests

    def process(self, parts, raw, fault):
        """The status and the JSON of the answer."""
        template, methods, names = self.contract.find(parts.path)
        operation = methods and methods.get(self.method.lower())
        if not operation:
            self.breach('not in the contract')
            return 404, self.style.error(404, 'Not Found')
        self.operation = operation
        query = dict(urllib.parse.parse_qsl(parts.query,
                                            keep_blank_values=True))
        self.check_parameters(operation, names, query)
        self.check_headers(raw)
        body = self.check_body(operation, raw)
        what = fault and fault['do']
        if what in ('status', 'redirect', 'endless', 'late'):
            if what == 'late':
                threading.Timer(1.0, lambda: (
                    self.carry_out(template, names, query, body),
                    self.server.memory.save())).start()
            return None, None
        if what == 'reset':
            raise Broken
        if what == 'slow':
            time.sleep(fault['seconds'])
        if what == 'twin':
            self.server.memory.add(self.user_of_token(), body['body'])
        return self.carry_out(template, names, query, body)

    def check_parameters(self, operation, names, query):
        known = {p['name']: p for p in operation['parameters']}
        for name, text in list(names.items()) + list(query.items()):
            if name not in known:
                self.breach('unknown parameter ' + name)
                continue
            for wrong in self.contract.check_parameter(known[name], text):
                self.breach(wrong)

    def check_headers(self, raw):
        h = self.headers
        if h.get('Host') != '127.0.0.1:%d' % self.server.server_port:
            self.breach('Host is %s' % h.get('Host'))
        if not re.match(r'git-migrate/\d', h.get('User-Agent', '')):
            self.breach('User-Agent is %s' % h.get('User-Agent'))
        if h.get('Accept') != self.style.accept:
            self.breach('Accept is %s' % h.get('Accept'))
        if self.style.name == 'github' and \
                h.get('X-GitHub-Api-Version') != '2022-11-28':
            self.breach('no version of the API')
        if not h.get('Authorization', '').startswith(self.style.scheme + ' '):
            self.breach('Authorization is not "%s"' % self.style.scheme)
        if 'Transfer-Encoding' in h or 'Cookie' in h or 'Expect' in h:
            self.breach('odd header')
        if self.method == 'GET' and raw:
            self.breach('a GET with a body')

    def check_body(self, operation, raw):
        if 'requestBody' not in operation:
            return None
        if self.headers.get('Content-Type') != 'application/json':
            self.breach('Content-Type is %s' % self.headers['Content-Type'])
        try:
            body = json.loads(raw.decode())
        except ValueError:
            self.breach('the body is no JSON')
            return {'body': ''}
        schema = operation['requestBody']['content']['application/json']
        for wrong in self.contract.check(schema['schema'], body):
            self.breach(wrong)
        if set(body) != {'body'}:
            self.breach('the body has %s' % sorted(body))
            return {'body': ''}
        return body

    def user_of_token(self):
        token = self.headers.get('Authorization', '').split(' ')[-1]
        return USERS.get(token, (None,))[0]

    # --- what the tracker does

    def base(self):
        scheme = 'https' if self.server.tls else 'http'
        return '%s://127.0.0.1:%d' % (scheme, self.server.server_port)

    def say(self, status, message, errors=None):
        return status, self.style.error(status, message, errors)

    def carry_out(self, template, names, query, body):
        user = self.user_of_token()
        if not user:
            return self.say(401, 'Bad credentials')
        if template.endswith('/user'):
            if user.endswith('[bot]'):
                return self.say(403,
                                'Resource not accessible by integration')
            number = dict(USERS.values())[user]
            return 200, self.style.whoami(self.base(), user, number)
        repo = names['owner'] + '/' + names['repo']
        if repo == 'acme/silent':
            return self.say(410, 'Issues are disabled for this repo')
        if self.method == 'PATCH':
            return self.edit(user, int(list(names.values())[-1]), body)
        number = list(names.values())[-1]
        if repo != 'acme/shop' or number not in ('42', '43'):
            return self.say(404, 'Not Found')
        issue = '%s#%s' % (repo, number)
        if self.method == 'GET':
            return 200, self.list(issue, query)
        return self.create(user, issue, body)

    def list(self, issue, query):
        since = query.get('since', '')
        with self.server.memory.lock:
            found = [c for c in self.server.memory.comments
                     if c['issue'] == issue and c['updated'] >= since]
        page, number, last = self.style.pages(query, found)
        if number < last:
            others = {k: v for k, v in query.items() if k != 'page'}
            link = lambda n: '%s%s?%s' % (
                self.base(), self.route,
                urllib.parse.urlencode(dict(others, page=n)))
            self.extra['Link'] = '<%s>; rel="next", <%s>; rel="last"' % (
                link(number + 1), link(last))
        return [self.style.comment(self.base(), c) for c in page]

    def writable(self, user, text):
        if user == 'reader':
            return self.say(403, 'Resource not accessible by token')
        if self.style.too_long(text):
            return self.say(422, 'Validation Failed', [{
                'resource': 'IssueComment', 'field': 'data',
                'code': 'unprocessable',
                'message': 'Body is too long (maximum is 65536 characters)'}])
        return None

    def create(self, user, issue, body):
        refused = self.writable(user, body['body'])
        if refused:
            return refused
        if issue.endswith('#43'):
            return self.say(403, 'Unable to create comment because issue '
                                 'is locked.')
        comment = self.server.memory.add(user, body['body'], issue)
        made = self.style.comment(self.base(), comment)
        self.extra['Location'] = made.get('url', made['html_url'])
        return 201, made

    def edit(self, user, number, body):
        with self.server.memory.lock:
            for comment in self.server.memory.comments:
                if comment['id'] != number:
                    continue
                if comment['user'] != user:
                    self.breach('edits the comment of ' + comment['user'])
                    return self.say(403, 'Forbidden')
                refused = self.writable(user, body['body'])
                if refused:
                    return refused
                comment['body'] = body['body']
                comment['edits'] += 1
                comment['updated'] = stamp()
                return 200, self.style.comment(self.base(), comment)
        return self.say(404, 'Not Found')

    # --- answers

    def check_answer(self, status, body, fault):
        """The server itself must keep to the contract."""
        if status is None or not hasattr(self, 'operation'):
            return
        answer = self.operation['responses'].get(str(status))
        if answer is None and status < 400:
            self.breach('own answer: %d is not in the contract' % status)
        content = (answer or {}).get('content', {}).get('application/json')
        if content:
            for wrong in self.contract.check(content['schema'], body, 'answer'):
                self.breach('own answer: ' + wrong)

    def reply(self, status, body, fault):
        what = fault and fault['do']
        kind = 'application/json; charset=utf-8'
        if what == 'store-reset':
            raise Broken
        if what == 'late':
            status, body = self.say(504, 'We could not respond in time')
        if what in ('status', 'store-status'):
            status = fault['status']
            self.extra.update(fault.get('headers', {}))
            body = fault.get('json')
            kind = fault.get('type', kind)
        if what == 'redirect':
            status, body = fault['status'], {'message': 'Moved'}
            self.extra['Location'] = fault['to'].replace(
                '{path}', self.path)
        if what == 'endless':
            return self.reply_endless()
        if what == 'no-links':
            self.extra.pop('Link', None)
        if what == 'bad-links' and 'Link' in self.extra:
            self.extra['Link'] = self.extra['Link'].replace(
                '127.0.0.1:%d' % self.server.server_port, fault['host'])
        data = (fault or {}).get('text')
        data = json.dumps(body).encode() if data is None else \
            data.encode('latin-1')
        if status == 204:
            data = b''
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(data)))
        for name, value in self.extra.items():
            self.send_header(name, value)
        self.end_headers()
        if what == 'truncated':
            self.wfile.write(data[:len(data) // 2])
            self.wfile.flush()
            raise Broken
        self.wfile.write(data)

    def reply_endless(self):
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        chunk = b'10000\r\n' + b' ' * 65536 + b'\r\n'
        while True:
            self.wfile.write(chunk)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # a client that goes away in the middle is part of the tests
    def handle_error(self, request, client_address):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('directory')
    parser.add_argument('--comments', type=int, default=0)
    parser.add_argument('--plant', default='')
    parser.add_argument('--tls', nargs=2)
    options = parser.parse_args()
    os.makedirs(options.directory, exist_ok=True)
    memory = Memory(options.directory)
    start = time.time() - 86400
    for i in range(options.comments):
        user = ('mallory', 'alice', 'somebody')[i % 3]
        text = 'Comment number %d' % (i + 1)
        if options.plant and i in (7, options.comments - 2):
            user, text = 'mallory', 'Planted\n\n' + options.plant
        memory.add(user, text, when=start + i)
    memory.save()
    server = Server(('127.0.0.1', 0), Handler)
    server.memory = memory
    server.faults = Faults(options.directory)
    server.contracts = {n: Contract(n) for n in ('github', 'gitea')}
    server.tls = bool(options.tls)
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    memory.note('violations', '')
    os.truncate(os.path.join(options.directory, 'violations'), 0)
    path = os.path.join(options.directory, 'port')
    with open(path + '.new', 'w') as f:
        f.write('%d\n' % server.server_port)
    os.rename(path + '.new', path)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == '__main__':
    main()
