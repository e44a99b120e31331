"""prototype"""
import numpy as np
from itertools import permutations, product
from functools import cache
from pathlib import Path
from .names import ARKIT
from . import demo_head
DEMO = Path(__file__).resolve().parent.parent / "models" / "demo_head.npz"

SIGMA=.06
POINTS=600
OPPOSED=[("mouthSmile","mouthFrown"),("eyeBlink","eyeWide"),("eyeSquint","eyeWide"),("eyeLookUp","eyeLookDown"),("eyeLookIn","eyeLookOut"),("browDown","browOuterUp")]
OPPOSED_PAIRS=[(a+s,b+s) for a,b in OPPOSED for s in ("Left","Right")]+[("jawLeft","jawRight"),("mouthLeft","mouthRight"),("jawOpen","mouthClose"),("browDownLeft","browInnerUp"),("browDownRight","browInnerUp"),("mouthPucker","mouthStretchLeft"),("mouthPucker","mouthStretchRight")]

def align(a,b):
    ma,mb=a.mean(0),b.mean(0); A,B=a-ma,b-mb
    U,S,Vt=np.linalg.svd(B.T@A); D=np.diag([1,1,np.sign(np.linalg.det(U@Vt))])
    R=U@D@Vt; s=np.trace(np.diag(S)@D)/(A**2).sum(); return s,R,mb-s*R@ma

class Ref: pass

@cache
def reference():
    d=demo_head.load(DEMO)
    eyes=np.linalg.norm(d.bones["eye.L"][1]-d.bones["eye.R"][1])
    mid=(d.bones["eye.L"][1]+d.bones["eye.R"][1])/2
    V=((d.vertices-mid)/eyes).astype(np.float32)
    mv=np.zeros((52,len(V),3),np.float32)
    for k,(i,m) in d.keys.items(): mv[ARKIT.index(k)][i]=m/eyes
    return make([(V,mv)])

def make(heads):
    V,mv=heads[0]
    r=Ref(); r.V=V
    p=share(mv)
    rng=np.random.default_rng(0)
    g=-np.log(rng.random(len(V)))/np.maximum(p,1e-9)
    pick=np.argsort(g)[:POINTS]
    r.points=V[pick]; r.amp=[];r.fields=[]
    for V,mv in heads:
        f=sample(r.points,V,mv,SIGMA)
        r.fields.append(f)
    r.centroid=centroids(*heads[0])
    r.spread=spread(*heads[0])
    cloud=V[p>np.quantile(p,.3)] if False else V[rng.choice(len(V),500,replace=False,p=p/p.sum())]
    V,mv=heads[0]
    r.cloud=V[np.argsort(g)[:1500]][rng.permutation(1500)[:500]]
    return r

def share(mv):
    e=(mv**2).sum(-1); t=e.sum(1,keepdims=True)
    return (e/np.maximum(t,1e-20)).sum(0)

def spread(V,mv):
    p=share(mv); p=p/p.sum(); c=p@V
    return c,np.sqrt(p@((V-c)**2).sum(1))

def centroids(V,mv):
    w=(mv**2).sum(-1); return (w@V)/np.maximum(w.sum(1,keepdims=True),1e-20)

def sample(points,V,mv,sigma):
    lo,hi=points.min(0)-3*sigma,points.max(0)+3*sigma
    near=((V>=lo)&(V<=hi)).all(1)
    if not near.any(): return np.zeros((len(mv),len(points),3),np.float32)
    V=V[near].astype(np.float32); mv=mv[:,near]
    d2=(points**2).sum(1)[:,None]+(V**2).sum(1)[None]-2*points@V.T
    w=np.exp(np.maximum(d2,0)*(-1/(2*sigma**2)),dtype=np.float32)
    w/=w.sum(1,keepdims=True)+.05
    k,n,_=mv.shape
    f=w@np.ascontiguousarray(mv.transpose(1,0,2)).reshape(n,k*3)
    return f.reshape(len(points),k,3).transpose(1,0,2)

ROT=[]
for perm in permutations(range(3)):
    for s in product((1,-1),repeat=3):
        R=np.zeros((3,3)); R[range(3),perm]=s
        if np.linalg.det(R)>0: ROT.append(R)

def unit(F):
    F=F.reshape(len(F),-1); n=np.linalg.norm(F,axis=1,keepdims=True)
    return F/np.maximum(n,1e-12), n[:,0]

def candidates(V,mv):
    p=share(mv); p=p/p.sum(); c=p@V
    _,ax=np.linalg.eigh((V-c).T@((V-c)*p[:,None]))
    if np.linalg.det(ax)<0: ax[:,0]*=-1
    for R in ROT: yield R
    for R in ROT: yield R@ax.T

def find(V,mv,ref,verbose=False):
    """similarity candidates by motion and shape"""
    rng=np.random.default_rng(1)
    c,r=spread(V,mv); cr,rr=ref.spread
    p=share(mv); p/=p.sum()
    g=-np.log(rng.random(len(V)))/np.maximum(p,1e-12)
    order=np.argsort(g)
    cloud=V[order[:200]]
    # vertices for the score
    few=order[:2500]
    Vf,mf=V[few],mv[:,few]
    sub=ref.points[::3]
    S,_=unit(ref.fields[0][:,::3])
    best=[]
    for R in candidates(V,mv):
        s=rr/r; t=cr-s*R@c
        s,R,t=icp(cloud,ref.cloud,s,R,t,8)
        D,n=unit(sample(sub,(s*Vf@R.T+t).astype(np.float32),(mf@R.T).astype(np.float32),.15))
        C=D@S.T
        score=C.max(1).mean()
        best.append((score,s,R,t))
    best.sort(key=lambda b:-b[0])
    if verbose: print('scores',[round(float(b[0]),3) for b in best[:6]])
    return best[0]

def icp(a,b,s,R,t,n):
    s0=s
    for _ in range(n):
        m=s*a@R.T+t
        d=((b**2).sum(1)[None]-2*m@b.T)
        s,R,t=align(a,b[d.argmin(1)])
        s=np.clip(s,.6*s0,1.6*s0)
        q=b[d.argmin(1)]; t=q.mean(0)-s*R@a.mean(0)
    return s,R,t

def warp(a,b,stiff=.5,reach=.5):
    """smooth map taking a to b"""
    mu=a.mean(0)
    K=np.exp(-((a[:,None]-a[None])**2).sum(-1)/(2*reach**2))
    A=np.linalg.solve(K+stiff*np.eye(len(a)),b-a)
    return lambda x: x+np.exp(-((x[:,None]-a[None])**2).sum(-1)/(2*reach**2))@A
