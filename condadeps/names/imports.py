"""What is imported, and the project to install for it: the two have different names more often than not.

A module's name is nobody's property, so this is what people know, not what anything proves: a notebook's
imports are guesses by it, and somebody who typed a module's name is told by it what to type. Nothing is ever
installed in the place of what was asked for.
"""

from __future__ import annotations

import re
import sys
from functools import cache

from condadeps.names.namespaces import ProjectName

_PROJECTS = {
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "Cryptodome": "pycryptodomex",
    "ESMF": "esmpy",
    "MySQLdb": "mysqlclient",
    "OpenGL": "pyopengl",
    "OpenSSL": "pyopenssl",
    "Orange": "orange3",
    "PIL": "pillow",
    "Xlib": "python-xlib",
    "absl": "absl-py",
    "allauth": "django-allauth",
    "allel": "scikit-allel",
    "atlassian": "atlassian-python-api",
    "attr": "attrs",
    "barcode": "python-barcode",
    "box": "python-box",
    "bs4": "beautifulsoup4",
    "cairo": "pycairo",
    "can": "python-can",
    "cassandra": "cassandra-driver",
    "community": "python-louvain",
    "corsheaders": "django-cors-headers",
    "cpuinfo": "py-cpuinfo",
    "cv2": "opencv-python",
    "daemon": "python-daemon",
    "dateutil": "python-dateutil",
    "debug_toolbar": "django-debug-toolbar",
    "decouple": "python-decouple",
    "discord": "discord-py",
    "django_filters": "django-filter",
    "dns": "dnspython",
    "docx": "python-docx",
    "dolfinx": "fenics-dolfinx",
    "dotenv": "python-dotenv",
    "ee": "earthengine-api",
    "engineio": "python-engineio",
    "environ": "django-environ",
    "ffmpeg": "ffmpeg-python",
    "fitz": "pymupdf",
    "gi": "pygobject",
    "git": "gitpython",
    "github": "pygithub",
    "gitlab": "python-gitlab",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "googleapiclient": "google-api-python-client",
    "gridfs": "pymongo",
    "grpc": "grpcio",
    "haiku": "dm-haiku",
    "hcl2": "python-hcl2",
    "imblearn": "imbalanced-learn",
    "impala": "impyla",
    "jenkins": "python-jenkins",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "llama_cpp": "llama-cpp-python",
    "magic": "python-magic",
    "markdown_it": "markdown-it-py",
    "memcache": "python-memcached",
    "mpl_toolkits": "matplotlib",
    "mpl_toolkits.basemap": "basemap",
    "mysql": "mysql-connector-python",
    "nacl": "pynacl",
    "newspaper": "newspaper3k",
    "nmap": "python-nmap",
    "odf": "odfpy",
    "osgeo": "gdal",
    "paho": "paho-mqtt",
    "past": "future",
    "pdfminer": "pdfminer-six",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "pylab": "matplotlib",
    "pythoncom": "pywin32",
    "pythonjsonlogger": "python-json-logger",
    "pywintypes": "pywin32",
    "pywt": "pywavelets",
    "pyximport": "cython",
    "rapidjson": "python-rapidjson",
    "readability": "readability-lxml",
    "rest_framework": "djangorestframework",
    "ruamel": "ruamel-yaml",
    "sass": "libsass",
    "scvi": "scvi-tools",
    "serial": "pyserial",
    "shapefile": "pyshp",
    "skbio": "scikit-bio",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "sksurv": "scikit-survival",
    "skvideo": "sk-video",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "socketio": "python-socketio",
    "socks": "pysocks",
    "sonnet": "dm-sonnet",
    "speech_recognition": "speechrecognition",
    "stdnum": "python-stdnum",
    "tabula": "tabula-py",
    "talib": "ta-lib",
    "telegram": "python-telegram-bot",
    "tlz": "toolz",
    "tree": "dm-tree",
    "umap": "umap-learn",
    "usb": "pyusb",
    "usb1": "libusb1",
    "vcf": "pyvcf",
    "vlc": "python-vlc",
    "vtkmodules": "vtk",
    "websocket": "websocket-client",
    "whisper": "openai-whisper",
    "win32api": "pywin32",
    "win32com": "pywin32",
    "win32con": "pywin32",
    "win32file": "pywin32",
    "win32gui": "pywin32",
    "wx": "wxpython",
    "xdist": "pytest-xdist",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}

_LEFT_PYTHON = {
    *("aifc", "asynchat", "asyncore", "audioop", "binhex", "cgi", "cgitb", "chunk", "crypt", "distutils"),
    *("imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd"),
    *("sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"),
}
"""Modules of Python's own that one of the Pythons from 3.10 on no longer has: no kernel is promised them."""


def project_of(module: str) -> str:
    """The project that probably ships ``module`` (``sklearn.svm``): by the list above, else of its name.

    >>> project_of("sklearn.svm"), project_of("google.protobuf.message"), project_of("pandas")
    ('scikit-learn', 'protobuf', 'pandas')
    """
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if found := _PROJECTS.get(".".join(parts[:length])):
            return found
    return re.sub(r"[^A-Za-z0-9._-]", "-", parts[0]).strip("._-") or "unknown"


def imported(name: str) -> tuple[str, ProjectName] | None:
    """The module that is written like ``name``, and the project to install for it, which is not so called.

    Upper and lower case are one, as in a project's name.

    >>> imported("pil"), imported("google.protobuf"), imported("attrs"), imported("ruamel.yaml")
    (('PIL', ProjectName('pillow')), ('google.protobuf', ProjectName('protobuf')), None, None)
    """
    module = name if name in _PROJECTS else _spelled().get(name.lower(), "")
    return (module, ProjectName(_PROJECTS[module])) if module else None


def advice(name: str) -> str:
    """What to type for the module ``name``, should that have been meant; ``""`` when there is nothing to say.

    >>> advice("yaml")
    '`import yaml` comes with pyyaml: `condadeps install pyyaml`'
    >>> advice("json"), advice("pandas")
    ('`import json` comes with Python: there is nothing to install', '')
    """
    if found := imported(name):
        module, project = found
        return f"`import {module}` comes with {project}: `condadeps install {project}`"
    if name in sys.stdlib_module_names and name not in _LEFT_PYTHON and not name.startswith("_"):
        return f"`import {name}` comes with Python: there is nothing to install"
    return ""


def standard_library() -> frozenset[ProjectName]:
    """The names that Python's own library leaves no project to be asked for by."""
    return frozenset(ProjectName(name) for name in sys.stdlib_module_names if not name.startswith("_"))


@cache
def _spelled() -> dict[str, str]:
    """Each module by its name in lower case."""
    return {module.lower(): module for module in _PROJECTS}
