# SPDX-License-Identifier: MIT
"""nginx as a contestant: one worker, no daemon, nothing written but a temporary folder."""
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time

from serving.server import Failed, Process, pin

CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/errors;
events {{ worker_connections 1024; }}
http {{
    types {{ text/html html; }}
    access_log off;
    sendfile {sendfile};
    tcp_nopush on;
    keepalive_timeout 600;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {site};
    }}
}}
"""


def program():
    """Where it is, or None."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Nginx(Process):
    """Serves the folder `site`; the process that is looked at is its worker, on the first core."""

    def __init__(self, folder, site, sendfile):
        self.port = free_port()
        path = pathlib.Path(folder) / "nginx.conf"
        path.write_text(CONFIGURATION.format(folder=folder, site=site, port=self.port,
                                             sendfile="on" if sendfile else "off"),
                        encoding="utf-8")
        user = {}
        if os.getuid() == 0:  # as root it would change its user itself, and the files' owners
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.errors = path.with_name("errors")
        self.master = subprocess.Popen([program(), "-e", self.errors, "-c", path],
                                       stderr=subprocess.DEVNULL, preexec_fn=lambda: pin(0),
                                       **user)
        try:
            super().__init__(self.wait_for_worker())
        except Failed:
            self.end()
            raise

    def wait_for_worker(self):
        """Its process, when it can be talked to."""
        children = pathlib.Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children")
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return int(children.read_text(encoding="ascii").split()[0])
            except (OSError, IndexError):
                time.sleep(0.05)
            if self.master.poll() is not None:
                break
        said = self.errors.read_text(encoding="utf-8") if self.errors.exists() else "nothing"
        raise Failed(f"nginx did not start; it says: {said.strip()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.master.terminate()
        self.master.wait()
