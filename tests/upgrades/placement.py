"""Runs on the node: a placement that names its versions and answers nothing else (503). nova-compute starts with it and reports;
it says in its log that no resource was counted, which nobody asks for here.

    placement.py         until it is killed
"""
import http.server
import json

PORT = 8778
VERSIONS = {'versions': [{'id': 'v1.0', 'status': 'CURRENT', 'min_version': '1.0', 'max_version': '1.39',
                          'links': [{'rel': 'self', 'href': ''}]}]}


class Answer(http.server.BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self):
        """The versions, or 503."""
        known = self.path.partition('?')[0] == '/'
        body = json.dumps(VERSIONS if known else {'errors': [{'status': 503, 'title': 'nothing is placed here'}]}).encode()
        self.send_response(200 if known else 503)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        """503."""
        self.do_GET()

    do_POST = do_DELETE = do_PUT

    def log_message(self, *_arguments):
        """Nothing."""


if __name__ == '__main__':
    http.server.ThreadingHTTPServer(('127.0.0.1', PORT), Answer).serve_forever()
