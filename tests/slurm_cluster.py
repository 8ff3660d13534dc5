"""A Slurm cluster of one node on the loopback interface, with two GPUs that it only pretends to have.

Everything lies in one folder but a link in /etc/slurm, because jobs look for their configuration there.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

LINK = Path("/etc/slurm")
FILES = ("slurm.conf", "gres.conf", "slurmdbd.conf")
GPUS = 2

CONFIG = """\
ClusterName=scbench
SlurmctldHost={host}(127.0.0.1)
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort={port}
SlurmdPort={next_port}
SlurmUser=root
AuthInfo=socket={folder}/munged.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
# Without cgroups, which a container seldom may use: memory is sampled.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
ReturnToService=2
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
# Snakemake looks up in the queue how a job ended, so it has to stay there for a while.
MinJobAge=300
KillWait=2
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:toy:{gpus} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=1440 State=UP
PartitionName=gpu Nodes={host} MaxTime=1440 State=UP
"""


ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={port}
AccountingStoragePass={folder}/munged.socket
"""

DBD = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munged.socket
DbdHost=localhost
DbdAddr=localhost
DbdPort={port}
CommunicationParameters=NoInAddrAny
SlurmUser=root
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm_acct_db
"""


class UnavailableError(Exception):
    """Why there can be no cluster here."""


class Cluster:
    """Daemons of a cluster whose files are in a folder, with a database of jobs (``sacct``) if wanted."""

    def __init__(self, folder: Path, accounting: bool = False) -> None:
        self.folder = folder
        self.accounting = accounting

    def start(self) -> None:
        """Start the daemons and wait until the node takes jobs."""
        packages = {"slurm-wlm": ("slurmctld", "slurmd", "sbatch"), "munge": ("munged",)}
        if self.accounting:
            packages |= {"slurmdbd": ("slurmdbd",), "mariadb-server": ("mariadbd", "mariadb-install-db")}
        missing = [package for package, names in packages.items() if not all(map(shutil.which, names))]
        if missing:
            raise UnavailableError(f"not installed (Debian: apt-get install {' '.join(missing)})")
        if os.getuid():
            raise UnavailableError("only root can start a cluster")
        if (LINK / "slurm.conf").exists():
            raise UnavailableError(f"{LINK} belongs to another cluster")
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        self._configure()
        self._munge()
        if self.accounting:
            self._account()
        self.run("slurmctld")
        wait(lambda: not self._code("scontrol", "ping"), "slurmctld answers")
        self.run("slurmd")
        wait(self._takes_jobs, "the node takes jobs")

    def stop(self) -> None:
        """End all jobs and daemons, and take the links away."""
        with suppress(subprocess.CalledProcessError):
            self.run("scancel", "--user=root")
        for name in ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged"):
            self.end(name)
        for name in FILES:
            if (LINK / name).resolve().parent == self.folder:
                (LINK / name).unlink()

    def end(self, name: str) -> None:
        """End a daemon."""
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            daemon = psutil.Process(int((self.folder / f"{name}.pid").read_text()))
            daemon.terminate()
            with suppress(psutil.TimeoutExpired):
                daemon.wait(10)

    def run(self, *command: str) -> str:
        """Run a command; what it printed."""
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def jobs(self) -> list[dict[str, str]]:
        """Give what Slurm knows of each job."""
        blocks = self.run("scontrol", "--oneliner", "show", "job").splitlines()
        words = [[word for word in block.split() if "=" in word] for block in blocks if block.startswith("JobId=")]
        return [dict(word.split("=", 1) for word in block) for block in words]

    def _code(self, *command: str) -> int:
        return subprocess.run(command, capture_output=True, check=False).returncode

    def _takes_jobs(self) -> bool:
        return self.run("sinfo", "--noheader", "--format=%T").split()[:1] == ["idle"]

    def _configure(self) -> None:
        host, port = socket.gethostname().split(".")[0], _free_port()
        memory = psutil.virtual_memory().total * 8 // 10 // 2**20
        cpus = max(os.cpu_count() or 1, 2)
        shape = {"host": host, "cpus": cpus, "memory": memory, "gpus": GPUS}
        text = CONFIG.format(folder=self.folder, port=port, next_port=port + 1, **shape)
        if self.accounting:
            (self.folder / "slurmdbd.conf").touch(0o600)  # it refuses one that others may read
            (self.folder / "slurmdbd.conf").write_text(DBD.format(folder=self.folder, port=port + 2))
            text += ACCOUNTING.format(folder=self.folder, port=port + 2)
        (self.folder / "slurm.conf").write_text(text)
        devices = [self.folder / f"gpu{i}" for i in range(GPUS)]
        for device in devices:  # a GPU must have a file; its number there becomes that of CUDA_VISIBLE_DEVICES
            os.mknod(device, 0o20666, os.makedev(1, 3))
        (self.folder / "gres.conf").write_text("".join(f"Name=gpu Type=toy File={device}\n" for device in devices))
        LINK.mkdir(exist_ok=True)
        for name in FILES:
            if (self.folder / name).exists():
                (LINK / name).symlink_to(self.folder / name)

    def _munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = {"key-file": key} | {f"{kind}-file": self.folder / f"munged.{kind}" for kind in ("pid", "log", "seed")}
        options = [f"--{name}={path}" for name, path in files.items()]
        self.run("munged", "--force", f"--socket={self.folder}/munged.socket", *options)

    def _account(self) -> None:
        data, socket_file = self.folder / "db", self.folder / "mariadbd.socket"
        common = ["--no-defaults", "--user=root", f"--datadir={data}"]
        done = ["--auth-root-authentication-method=socket", "--skip-test-db"]
        self.run("mariadb-install-db", *common, *done)
        files = [f"--socket={socket_file}", f"--pid-file={self.folder}/mariadbd.pid"]
        log = (self.folder / "mariadbd.log").open("w")
        options = ["--skip-networking", "--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900"]
        subprocess.Popen(["mariadbd", *common, *files, *options], stdout=log, stderr=log, start_new_session=True)
        wait(socket_file.exists, "MariaDB listens", 120)
        # It takes the socket from the database's own library.
        subprocess.run(["slurmdbd"], check=True, env=os.environ | {"MYSQL_UNIX_PORT": str(socket_file)})
        wait(lambda: not self._code("sacctmgr", "--noheader", "show", "cluster"), "slurmdbd answers", 120)
        for what in ("cluster scbench", "account default", "user root account=default"):
            self._code("sacctmgr", "--immediate", "add", *what.split())


def wait(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for something, and fail if it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
