import { DataqueueProvider, useJob } from "@dataqueue/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";

function Bar({ jobId }: { jobId: number }) {
    const { status, progress, error } = useJob(jobId);
    return (
        <p>
            <progress aria-label={`Job ${String(jobId)}`} value={progress ?? 0} max={100} />{" "}
            <output>{error?.message ?? status ?? "…"}</output>
        </p>
    );
}

function Page() {
    const [jobs, setJobs] = useState<number[]>([]);
    const add = async () => {
        const answer = await fetch("/videos", {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ frames: 40 }),
        });
        const { job } = (await answer.json()) as { job: number };
        setJobs((before) => [...before, job]);
    };
    return (
        <>
            <h1>Encode a video</h1>
            <button onClick={() => void add()}>Encode</button>
            {jobs.map((job) => (
                <Bar key={job} jobId={job} />
            ))}
        </>
    );
}

const root = document.getElementById("page");
if (root) {
    createRoot(root).render(
        <DataqueueProvider baseUrl="/queue" pollingInterval={250}>
            <Page />
        </DataqueueProvider>,
    );
}
